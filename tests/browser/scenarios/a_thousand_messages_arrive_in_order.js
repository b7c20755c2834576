// Data channels from Chromium to Chromium: names and delivery are kept, a thousand messages arrive in order, some as
// long as they may be; who takes no long ones is told what was lost while the others go on.

import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { expect } from '../lib/tab.js';

const MESSAGES = 1000;
const LONGEST = 65536;

export default async function (world) {
  await world.freshRoom();
  const sender = await open(world, 'Sender');
  const id = await sender.page.evaluate(publish, { room: world.room, record: world.server.isOurs });
  const receivers = [await open(world, 'First'), await open(world, 'Second')];
  for (const receiver of receivers) await receiver.page.evaluate(subscribe, { room: world.room, feed: id });

  const began = performance.now();
  await sender.page.evaluate(send, { count: MESSAGES, longest: LONGEST });
  for (const receiver of receivers) {
    await receiver.until('has all messages', async () => (await heard(receiver)).count >= MESSAGES, 60_000);
    const { count, faults, channels } = await heard(receiver);
    expect(count === MESSAGES && !faults.length, `${count} messages, ${faults.slice(0, 3).join(', ')}`);
    const [list, chat] = channels;
    expect(list.label === 'list' && list.protocol === '' && list.ordered, JSON.stringify(list));
    const kept = chat?.label === 'chat' && chat.protocol === 'talk' && !chat.ordered && chat.maxRetransmits === 2;
    expect(kept, JSON.stringify(chat));
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  world.remark(`${MESSAGES} messages to each of two in ${seconds} s`);

  const datagram = await forwarded(sender, world.room, id);
  expect(datagram === 'forward me', `forwarded: ${datagram}`);
  await whoDoesNotTakeThemIsTold(world, sender, receivers[0], id);
  await sender.page.evaluate(() => connection.close());
  if (world.server.isOurs) await isRecorded(sender, world);
}

async function open(world, name) {
  const tab = await world.open(name);
  await tab.page.goto(world.address({}) + 'janus.js');
  return tab;
}

const heard = (tab) => tab.page.evaluate(() => globalThis.heard);

/** A subscriber whose answer takes no message as long as ours gets none of them and hears of it. */
async function whoDoesNotTakeThemIsTold(world, sender, other, feed) {
  const small = await open(world, 'Small');
  await small.page.evaluate(subscribe, { room: world.room, feed, mostBytes: 1000 });
  const before = (await heard(other)).count;
  await sender.page.evaluate(send, { count: 3, longest: 5000, first: MESSAGES });
  await small.until('is told of three lost messages', () => small.page.evaluate(() => globalThis.lost === 3));
  await other.until('has them', async () => (await heard(other)).count === before + 3);
  expect((await heard(small)).count === 0, 'a message that is too long arrived');
}

/** What arrives at an address that the sender's data is forwarded to. */
async function forwarded(sender, room, publisher) {
  const socket = createSocket('udp4');
  await new Promise((bound) => socket.bind(0, '127.0.0.1', bound));
  const arrived = new Promise((resolve) => socket.once('message', (bytes) => resolve(bytes.toString())));
  await sender.page.evaluate(
    async ({ room, publisher, port }) => {
      const request = { request: 'rtp_forward', room, publisher_id: publisher, host: '127.0.0.1', data_port: port };
      await handle.message(request);
      chat.send('forward me');
    },
    { room, publisher, port: socket.address().port },
  );
  const text = await Promise.race([arrived, new Promise((late) => setTimeout(late, 5000, 'nothing'))]);
  socket.close();
  return text;
}

/** Janus' own tool reads what was recorded. */
async function isRecorded(sender, world) {
  let line;
  await sender.until('is recorded', async () => {
    line = world.server.listRecordings().split('\n').find((it) => it.endsWith(' messages-data-0.mjr'));
    return line?.startsWith('whole ');
  });
  const file = join(world.server.recordings, 'messages-data-0');
  const [source, target] = [`${file}.mjr`, `${file}.srt`];
  const told = execFileSync('janus-pp-rec', [source, target], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  expect(/text data recording/.test(told), told);
}

/** In the page: publishes two data channels; resolves to the publisher's number when both are open. */
async function publish({ room, record }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  globalThis.handle = await session.attach('janus.plugin.videoroom');
  const { data } = await handle.message({ request: 'join', ptype: 'publisher', room });
  globalThis.connection = new RTCPeerConnection();
  globalThis.list = connection.createDataChannel('list');
  globalThis.chat = connection.createDataChannel('chat', { protocol: 'talk', ordered: false, maxRetransmits: 2 });
  const areOpen = [list, chat].map((channel) => new Promise((opened) => (channel.onopen = opened)));
  await connection.setLocalDescription();
  const request = { request: 'publish', record, filename: 'messages' };
  const { jsep } = await handle.message(request, connection.localDescription);
  await connection.setRemoteDescription(jsep);
  await Promise.all(areOpen);
  return data.id;
}

/** In the page: sends numbered messages, each fifth binary, each fiftieth as long as they may be. */
async function send({ count, longest, first = 0 }) {
  for (let number = first; number < first + count; number++) {
    const text = `${number}:`.padEnd(number % 50 === 0 || count < 10 ? longest : 20 + (number % 500), 'x');
    while (list.bufferedAmount > 1 << 20) await new Promise((resolve) => setTimeout(resolve, 5));
    list.send(number % 5 === 0 ? new TextEncoder().encode(text) : text);
  }
  if (first === 0) chat.send('hello');
}

/** In the page: subscribes to `feed`, and checks what it hears; takes messages of `mostBytes` if that is given. */
async function subscribe({ room, feed, mostBytes }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const handle = await session.attach('janus.plugin.videoroom');
  globalThis.heard = { count: 0, faults: [], channels: [] };
  globalThis.lost = 0;
  handle.onevent = (data) => (globalThis.lost += data.data === 'lost' ? data.messages : 0);
  const connection = new RTCPeerConnection();
  const isUp = new Promise((up) => {
    connection.onconnectionstatechange = () => connection.connectionState === 'connected' && up();
  });
  connection.ondatachannel = ({ channel }) => {
    const { label, protocol, ordered, maxRetransmits } = channel;
    heard.channels.push({ label, protocol, ordered, maxRetransmits });
    channel.binaryType = 'arraybuffer';
    if (label === 'list') channel.onmessage = ({ data }) => hear(data);
  };
  const hear = (data) => {
    const number = heard.count++;
    const isBinary = typeof data !== 'string';
    const text = isBinary ? new TextDecoder().decode(data) : data;
    const length = number % 50 === 0 ? 65536 : 20 + (number % 500);
    const isRight = text.startsWith(`${number}:`) && text.length === length && isBinary === (number % 5 === 0);
    if (!isRight && number < 1000) heard.faults.push(`${text.slice(0, 9)} as number ${number}`);
  };
  const { jsep } = await handle.message({ request: 'join', ptype: 'subscriber', room, streams: [{ feed }] });
  await connection.setRemoteDescription(jsep);
  await connection.setLocalDescription();
  const { type, sdp } = connection.localDescription;
  const answer = mostBytes ? `${sdp}a=max-message-size:${mostBytes}\r\n` : sdp;
  await handle.message({ request: 'start' }, { type, sdp: answer });
  await isUp;
}
