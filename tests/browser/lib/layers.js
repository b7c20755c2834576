// A publisher whose encoder makes layers, and a subscriber that asks for them, over the API and without the page.

import { expect } from './tab.js';

/** So often a rate is looked at before it is too low. */
const SPANS = 4;

export class Layers {
  #publisher;
  #subscriber;
  #feed;

  /** Publishes the fake camera with these `encodings` in `codec`, and subscribes to it, `there` if that is elsewhere. */
  static async begin(world, { codec, encodings, width, height, subscribe = {} }, there = world) {
    const layers = new Layers();
    layers.#publisher = await world.open('Camera');
    layers.#subscriber = await there.open('Viewer');
    const { room } = world;
    // Not the conference page: it holds the camera open at a size of its own.
    await layers.#publisher.page.goto(world.address({}) + 'janus.js');
    await layers.#subscriber.page.goto(there.address({}) + 'janus.js');
    const feed = await layers.#publisher.page.evaluate(publish, { room, codec, encodings, width, height });
    layers.#feed = feed;
    await there.knows?.(feed);
    await layers.#subscriber.page.evaluate(watch, { room, feed, subscribe });
    return layers;
  }

  /** What this Chromium can encode in `codec`. */
  static async modes(world, codec) {
    const tab = await world.open('Asker');
    const find = (codec) => {
      const known = RTCRtpSender.getCapabilities('video').codecs.find((it) => it.mimeType === `video/${codec}`);
      return known ? (known.scalabilityModes ?? []) : null;
    };
    const modes = await tab.page.evaluate(find, codec);
    await tab.close();
    return modes;
  }

  /** Asks for layers. */
  async ask(layers) {
    await this.#subscriber.page.evaluate((layers) => globalThis.ask(layers), layers);
  }

  /** Waits until pictures of this width are decoded and `known` has these values; gives frames a second. */
  async shows(width, known = {}, seconds = 3) {
    const { page } = this.#subscriber;
    let seen;
    const isShown = async () => {
      seen = await page.evaluate(() => globalThis.seen());
      return seen.width === width && Object.entries(known).every(([key, value]) => seen.told[key] === value);
    };
    const what = `saw a picture ${width} wide with ${JSON.stringify(known)}`;
    await this.#subscriber.until(what, isShown, 25_000).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(seen)}`);
    });
    const before = await page.evaluate(() => globalThis.seen());
    await page.waitForTimeout(seconds * 1000);
    const after = await page.evaluate(() => globalThis.seen());
    expect(after.width === width, `the picture became ${after.width} wide, not ${width}`);
    return (after.frames - before.frames) / seconds;
  }

  /** As `shows`, until this many frames come in a second: what a way carries is found out step by step. */
  async reaches(leastFps, width, known) {
    let fps = 0;
    for (let span = 0; span < SPANS && fps < leastFps; span++) fps = await this.shows(width, known);
    expect(fps >= leastFps, `${JSON.stringify(known)}: only ${fps.toFixed(1)} frames a second`);
  }

  /** Lets `count` others join, one each `pauseMs`, and says after `seconds` what each of them counted. */
  crowd(world, count, pauseMs, seconds) {
    const { room } = world;
    return this.#subscriber.page.evaluate(crowd, { room, feed: this.#feed, count, pauseMs, seconds });
  }

  /** How long pictures of the next two seconds are kept before they are shown, in milliseconds. */
  async delayMs() {
    const before = await this.seen();
    await this.#subscriber.page.waitForTimeout(2000);
    const after = await this.seen();
    return (1000 * (after.delaySeconds - before.delaySeconds)) / (after.delayed - before.delayed);
  }

  /** Waits until what the publisher sends, in bits a second, is as `isRight` wants it. */
  async sends(isRight, what) {
    const bytes = () =>
      this.#publisher.page.evaluate(async () => {
        const all = [...(await globalThis.connection.getStats()).values()];
        return all.filter((it) => it.type === 'outbound-rtp').reduce((sum, it) => sum + it.bytesSent, 0);
      });
    let bps;
    const isSent = async () => {
      const before = await bytes();
      await this.#publisher.page.waitForTimeout(1000);
      bps = ((await bytes()) - before) * 8;
      return isRight(bps);
    };
    await this.#publisher.until(`sent ${what}`, isSent).catch((error) => {
      throw new Error(`${error.message}: ${bps} bit/s`);
    });
  }

  /** How many keyframes the publisher made so far. */
  keyframes() {
    return this.#publisher.page.evaluate(async () => {
      const all = [...(await globalThis.connection.getStats()).values()];
      return all.filter((it) => it.type === 'outbound-rtp').reduce((sum, it) => sum + (it.keyFramesEncoded ?? 0), 0);
    });
  }

  /** All that the subscriber counted. */
  seen() {
    return this.#subscriber.page.evaluate(() => globalThis.seen());
  }
}

/** In the page: joins and publishes the fake camera; resolves to the publisher's number. */
async function publish({ room, codec, encodings, width, height }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const handle = await session.attach('janus.plugin.videoroom');
  const joined = await handle.message({ request: 'join', ptype: 'publisher', room });
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width, height, frameRate: 10 } });
  const connection = (globalThis.connection = new RTCPeerConnection());
  const transceiver = connection.addTransceiver(camera.getVideoTracks()[0], {
    direction: 'sendonly',
    sendEncodings: encodings,
  });
  // Under load, fewer pictures instead of smaller ones.
  const parameters = transceiver.sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  await transceiver.sender.setParameters(parameters);
  const codecs = RTCRtpSender.getCapabilities('video').codecs;
  const mine = codecs.filter((it) => it.mimeType === `video/${codec}` || it.mimeType === 'video/rtx');
  transceiver.setCodecPreferences(mine);
  const isUp = new Promise((resolve) => {
    connection.onconnectionstatechange = () => connection.connectionState === 'connected' && resolve();
  });
  await connection.setLocalDescription();
  const { jsep } = await handle.message({ request: 'publish' }, connection.localDescription);
  await connection.setRemoteDescription(jsep);
  await isUp;
  return joined.data.id;
}

/** In the page: subscribes to `feed`, plays it, and counts. */
async function watch({ room, feed, subscribe }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  // The publisher's own side is up a moment before the room is told of it.
  const present = await session.attach('janus.plugin.videoroom');
  await new Promise((resolve, reject) => {
    const look = ({ publishers = [] }) => publishers.some(({ id }) => id === feed) && resolve();
    present.onevent = look;
    present.message({ request: 'join', ptype: 'publisher', room }).then(({ data }) => look(data), reject);
  });
  present.detach();
  const handle = await session.attach('janus.plugin.videoroom');
  const told = {};
  const events = [];
  handle.onevent = (data) => {
    if (data.videoroom !== 'event' || data.mid === undefined) return;
    const { videoroom, room, mid, ...layers } = data;
    Object.assign(told, layers);
    events.push(layers);
  };
  const connection = new RTCPeerConnection();
  const player = document.createElement('video');
  player.autoplay = player.muted = true;
  document.body.append(player);
  connection.ontrack = ({ track }) => (player.srcObject = new MediaStream([track]));
  const join = { request: 'join', ptype: 'subscriber', room, streams: [{ feed, ...subscribe }] };
  const offered = await handle.message(join);
  await connection.setRemoteDescription(offered.jsep);
  await connection.setLocalDescription();
  await handle.message({ request: 'start' }, connection.localDescription);
  globalThis.ask = (layers) => handle.message({ request: 'configure', streams: [{ mid: '0', ...layers }] });
  globalThis.seen = async () => {
    const video = [...(await connection.getStats()).values()].find((entry) => entry.type === 'inbound-rtp');
    return {
      width: video?.frameWidth ?? 0,
      frames: video?.framesDecoded ?? 0,
      lost: video?.packetsLost ?? 0,
      keyframeRequests: (video?.pliCount ?? 0) + (video?.firCount ?? 0),
      freezes: video?.freezeCount ?? 0,
      delaySeconds: video?.jitterBufferDelay ?? 0,
      delayed: video?.jitterBufferEmittedCount ?? 0,
      told,
      events,
    };
  };
}

/** In the page: `count` subscribers of `feed` begin one after the other. */
async function crowd({ room, feed, count, pauseMs, seconds }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const join = async () => {
    const handle = await session.attach('janus.plugin.videoroom');
    const connection = new RTCPeerConnection();
    const player = document.createElement('video');
    player.autoplay = player.muted = true;
    document.body.append(player);
    const began = performance.now();
    let firstMs = null;
    player.requestVideoFrameCallback(() => (firstMs = performance.now() - began));
    connection.ontrack = ({ track }) => (player.srcObject = new MediaStream([track]));
    const offered = await handle.message({ request: 'join', ptype: 'subscriber', room, streams: [{ feed }] });
    await connection.setRemoteDescription(offered.jsep);
    await connection.setLocalDescription();
    await handle.message({ request: 'start' }, connection.localDescription);
    return async () => {
      const video = [...(await connection.getStats()).values()].find((entry) => entry.type === 'inbound-rtp');
      const { framesDecoded, freezeCount, pliCount, packetsLost, jitterBufferDelay, jitterBufferEmittedCount } = video;
      const delayMs = (1000 * jitterBufferDelay) / Math.max(1, jitterBufferEmittedCount);
      return { firstMs, framesDecoded, freezeCount, pliCount, packetsLost, delayMs };
    };
  };
  const joining = [];
  for (let number = 0; number < count; number++) {
    joining.push(join());
    await wait(pauseMs);
  }
  await wait(seconds * 1000);
  return Promise.all((await Promise.all(joining)).map((counts) => counts()));
}
