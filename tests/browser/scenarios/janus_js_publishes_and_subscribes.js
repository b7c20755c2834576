// Janus' own client library, unmodified, as its demo pages use it: one handle publishes, another subscribes.

import { readFileSync } from 'node:fs';
import { expect } from '../lib/tab.js';

const library = (path) => readFileSync(new URL(`../node_modules/${path}`, import.meta.url), 'utf8');
const FILES = {
  '/adapter.js': library('webrtc-adapter/out/adapter.js'),
  '/janus.es.js': library('janus-gateway/npm/dist/janus.es.js'),
};

export default async function (world) {
  for (const server of [world.server.webSocket, world.server.rest]) {
    await world.freshRoom();
    const publisher = await open(world, 'Publisher');
    const id = await publisher.page.evaluate(publish, { server, room: world.room });
    const listener = await open(world, 'Listener');
    await listener.page.evaluate(subscribe, { server, room: world.room, feed: id });
    const frames = await enough(listener, (received) => received.frames > 30 && received.energy > 0);
    world.remark(`${frames} frames over ${new URL(server).protocol}`);

    const heard = listener.page.evaluate(() => globalThis.left);
    await publisher.page.evaluate(() => new Promise((done) => globalThis.janus.destroy({ success: done })));
    expect((await heard) === id, 'the listener is not told who left');
    await listener.page.evaluate(() => new Promise((done) => globalThis.janus.destroy({ success: done })));
  }
}

async function open(world, name) {
  const tab = await world.open(name, { device: { bypassCSP: true } });
  for (const [path, body] of Object.entries(FILES))
    await tab.page.route(`**${path}`, (route) => route.fulfill({ contentType: 'text/javascript', body }));
  await tab.page.addScriptTag({ url: '/adapter.js' });
  return tab;
}

/** In the page: joins and publishes the fake camera and microphone; resolves to the publisher's number. */
async function publish({ server, room }) {
  const { default: Janus } = await import('/janus.es.js');
  await new Promise((done) => Janus.init({ debug: ['error'], callback: done }));
  return new Promise((resolve, reject) => {
    let handle;
    let id;
    const onmessage = (message, jsep) => {
      if (message.error) return reject(new Error(message.error));
      if (message.videoroom === 'joined') {
        id = message.id;
        handle.createOffer({
          tracks: [
            { type: 'audio', capture: true, recv: false },
            { type: 'video', capture: { width: 320, height: 240 }, recv: false },
          ],
          success: (offer) =>
            handle.send({ message: { request: 'configure', audio: true, video: true }, jsep: offer }),
          error: reject,
        });
      }
      if (jsep) handle.handleRemoteJsep({ jsep });
    };
    globalThis.janus = new Janus({
      server,
      error: (cause) => reject(new Error(cause)),
      success: () =>
        globalThis.janus.attach({
          plugin: 'janus.plugin.videoroom',
          success: (attached) => {
            handle = attached;
            handle.send({ message: { request: 'join', ptype: 'publisher', room, display: 'janus.js' } });
          },
          onmessage,
          webrtcState: (isUp) => isUp && resolve(id),
          error: (cause) => reject(new Error(cause)),
        }),
    });
  });
}

/** In the page: subscribes to `feed`; resolves when the PeerConnection is up. Also joins the room to hear who leaves. */
async function subscribe({ server, room, feed }) {
  const { default: Janus } = await import('/janus.es.js');
  await new Promise((done) => Janus.init({ debug: ['error'], callback: done }));
  const join = (handle, more) => handle.send({ message: { request: 'join', room, ...more } });
  const hear = () => {
    globalThis.left = new Promise((told) => {
      let handle;
      globalThis.janus.attach({
        plugin: 'janus.plugin.videoroom',
        success: (attached) => {
          handle = attached;
          join(handle, { ptype: 'publisher', display: 'ears' });
        },
        onmessage: (message) => message.leaving && message.leaving !== 'ok' && told(message.leaving),
      });
    });
  };
  return new Promise((resolve, reject) => {
    let handle;
    const onmessage = (message, jsep) => {
      if (message.error) return reject(new Error(message.error));
      if (!jsep) return;
      handle.createAnswer({
        jsep,
        success: (answer) => handle.send({ message: { request: 'start', room }, jsep: answer }),
        error: reject,
      });
    };
    globalThis.janus = new Janus({
      server,
      error: (cause) => reject(new Error(cause)),
      success: () => {
        hear();
        globalThis.janus.attach({
          plugin: 'janus.plugin.videoroom',
          success: (attached) => {
            handle = attached;
            join(handle, { ptype: 'subscriber', streams: [{ feed }], use_msid: true });
          },
          onmessage,
          onremotetrack: (track, mid, isOn) => {
            if (!isOn) return;
            const player = document.createElement(track.kind);
            player.srcObject = new MediaStream([track]);
            player.autoplay = true;
            document.body.append(player);
            globalThis.connection = handle.webrtcStuff.pc;
          },
          webrtcState: (isUp) => isUp && resolve(),
          error: (cause) => reject(new Error(cause)),
        });
      },
    });
  });
}

/** Waits until what `tab` received is `enough`; gives the frames. */
async function enough(tab, isEnough) {
  let received = { frames: 0, energy: 0 };
  await tab.until('receives picture and sound', async () => {
    received = await tab.page.evaluate(async () => {
      const report = [...((await globalThis.connection?.getStats()) ?? new Map()).values()];
      const inbound = report.filter((entry) => entry.type === 'inbound-rtp');
      return {
        frames: inbound.find((entry) => entry.kind === 'video')?.framesDecoded ?? 0,
        energy: inbound.find((entry) => entry.kind === 'audio')?.totalAudioEnergy ?? 0,
      };
    });
    return isEnough(received);
  });
  return received.frames;
}
