// Janode, a client library of Janus for Node, unmodified: it manages rooms, and a subscription to two people whose media
// a browser receives.

import Janode from 'janode';
import VideoRoom from 'janode/plugins/videoroom';
import { expect } from '../lib/tab.js';

const SECRET = 'sesame';

export default async function (world) {
  Janode.Logger.setLevel('none');
  const connection = await Janode.connect({ is_admin: false, address: { url: world.server.webSocket } });
  try {
    const session = await connection.create();
    const manager = await session.attach(VideoRoom);
    const room = await create(manager, world.room + 500_000);
    world.room = room;
    const tabs = await world.join('Ada', 'Bob');
    await rooms(manager, room);
    const feeds = await people(manager, room);
    await subscription(world, session, { room, feeds });
    await ending(manager, { room, feeds, tabs });
    await session.destroy();
  } finally {
    await connection.close();
  }
}

async function create(manager, wanted) {
  const { room } = await manager.create({ room: wanted, description: 'Janode', max_publishers: 4, secret: SECRET });
  expect(room === wanted, `the room is ${room}`);
  await refused('a room that exists is made again', manager.create({ room }));
  expect((await manager.exists({ room })).exists, 'the room does not exist');
  return room;
}

async function rooms(manager, room) {
  const { list } = await manager.list();
  const entry = list.find((candidate) => candidate.room === room);
  expect(entry?.description === 'Janode', 'the room is not listed');
  expect(entry.num_participants === 2, `the room is listed with ${entry.num_participants} people`);
}

async function people(manager, room) {
  const all = async () => (await manager.listParticipants({ room })).participants;
  await until('both publish', async () => (await all()).filter(({ publisher }) => publisher).length === 2);
  const participants = await all();
  const names = participants.map(({ display }) => display).sort();
  expect(names.join() === 'Ada,Bob', `the people are ${names}`);
  return participants.map(({ feed }) => feed);
}

/** One PeerConnection for both, from which one is taken away again. */
async function subscription(world, session, { room, feeds }) {
  const { page } = await world.open('Listener');
  const subscriber = await session.attach(VideoRoom);
  const streams = feeds.map((feed) => ({ feed }));
  const joined = await subscriber.joinSubscriber({ room, streams });
  // Sound and picture of each, and a line of messages that both share.
  expect(joined.streams.length === 5, `${joined.streams.length} streams are offered`);
  await subscriber.start({ jsep: await page.evaluate(answer, joined.jsep) });
  const isDecoded = (count) => async () => (await page.evaluate(decoded)).filter((frames) => frames > 15).length === count;
  await until('two pictures are decoded', isDecoded(2));

  const updated = await subscriber.update({ unsubscribe: [{ feed: feeds[0] }] });
  const active = updated.streams.filter((stream) => stream.active);
  expect(active.length === 3, `${active.length} streams are left`);
  await subscriber.start({ jsep: await page.evaluate(answer, updated.jsep) });
  const [before] = [await page.evaluate(decoded)];
  await until('one picture goes on', async () => {
    const now = await page.evaluate(decoded);
    return now.filter((frames, index) => frames > before[index] + 15).length === 1;
  });
  await subscriber.pause();
  await subscriber.start({});
  await subscriber.leave();
  await subscriber.detach();
}

async function ending(manager, { room, feeds, tabs }) {
  await refused('somebody is kicked without the secret', manager.kick({ room, feed: feeds[0] }));
  await manager.kick({ room, feed: feeds[0], secret: SECRET });
  const names = async () => (await manager.listParticipants({ room })).participants.map(({ display }) => display);
  await until('one is left', async () => (await names()).length === 1);
  const { list } = await manager.allow({ room, secret: SECRET, action: 'add', list: ['a', 'b'] });
  expect(list.join() === 'a,b', `allowed are ${list}`);
  await manager.destroy({ room, secret: SECRET });
  expect(!(await manager.exists({ room })).exists, 'the room still exists');
  await Promise.all(tabs.map((tab) => tab.close()));
}

async function refused(what, request) {
  const done = await request.then(
    () => true,
    () => false,
  );
  expect(!done, what);
}

async function until(what, condition) {
  for (let tries = 0; tries < 100; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`it never came to this: ${what}`);
}

/** In the page: answers an offer on its one PeerConnection. */
async function answer(offer) {
  globalThis.connection ??= new RTCPeerConnection();
  const { connection } = globalThis;
  connection.ontrack = ({ track }) => {
    const player = document.createElement(track.kind);
    player.srcObject = new MediaStream([track]);
    player.autoplay = true;
    player.muted = true;
    document.body.append(player);
  };
  await connection.setRemoteDescription(offer);
  await connection.setLocalDescription();
  const { type, sdp } = connection.localDescription;
  return { type, sdp };
}

/** In the page: frames decoded of each picture. */
async function decoded() {
  const report = [...(await globalThis.connection.getStats()).values()];
  const pictures = report.filter((entry) => entry.type === 'inbound-rtp' && entry.kind === 'video');
  return pictures.map((entry) => entry.framesDecoded ?? 0);
}
