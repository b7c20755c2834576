// One publisher with three simulcast layers, one listener behind a link: what the listener sees while the width of the
// link changes, and while it loses packets, there beside a direct call of the same browsers and beside Janus. Somebody
// without such a link listens too, and must notice nothing.
'use strict';

const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

const root = path.resolve(__dirname, '../..');
const parlor = process.env.PARLOR;
const near = 'parlornear';
const far = 'parlorfar';
const address = '10.77.0.1';
const http = `http://${address}:8088`;
const seconds = Number(option('--seconds') || 20);
// Kilobits a second of the link, and the least picture that must come through, five seconds after the change. Audio takes
// about 40 of them.
const steps = [
  { rate_kbps: 3000, least_height: 540, least_fps: 12 },
  { rate_kbps: 1000, least_height: 540, least_fps: 12 },
  { rate_kbps: 400, least_height: 270, least_fps: 6 },
  { rate_kbps: 150, least_height: 135, least_fps: 3 },
  { rate_kbps: 3000, least_height: 540, least_fps: 12, settle_s: 10 },
];
// Loss and delay each way.
const losses = [0.05, 0.1];
const lossy_delay_ms = 40;

function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function ip(...words) {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Resolves when the process wrote a line that matches.
function line(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      if (pattern.test(text)) resolve(text);
    });
    child.on('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}

// A browser whose sockets are in a namespace.
async function browser(namespace, folder, origin = http) {
  const executablePath = path.join(folder, `chromium-${namespace}`);
  const script = `#!/bin/sh\nexec ip netns exec ${namespace} /usr/bin/chromium "$@"\n`;
  fs.writeFileSync(executablePath, script, { mode: 0o755 });
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream', `--unsafely-treat-insecure-origin-as-secure=${origin}`,
    '--autoplay-policy=no-user-gesture-required'];
  return chromium.launch({ executablePath, args });
}

// Runs in the page: a small Janus client on a WebSocket.
function client(url) {
  const socket = new WebSocket(url, 'janus-protocol');
  const waiting = new Map();
  const plugin = { event: () => {} };
  let session = 0;
  let number = 0;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    const resolve = waiting.get(message.transaction);
    if (message.janus === 'ack') return;
    if (resolve) {
      waiting.delete(message.transaction);
      resolve(message);
    } else {
      plugin.event(message);
    }
  };
  const send = (message) => new Promise((resolve) => {
    number += 1;
    const transaction = `t${number}`;
    waiting.set(transaction, resolve);
    socket.send(JSON.stringify({ transaction, session_id: session || undefined, ...message }));
  });
  plugin.open = async () => {
    await new Promise((resolve) => { socket.onopen = resolve; });
    session = (await send({ janus: 'create' })).data.id;
    setInterval(() => send({ janus: 'keepalive' }), 20000);
  };
  plugin.attach = async () => {
    const handle = (await send({ janus: 'attach', plugin: 'janus.plugin.videoroom' })).data.id;
    return (body, jsep) => send({ janus: 'message', handle_id: handle, body, jsep });
  };
  return plugin;
}

// Runs in the page: three layers of the fake camera and a microphone on a connection.
function layers(peer, stream) {
  peer.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly' });
  peer.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', sendEncodings: [
    { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 100000 },
    { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 300000 },
    { rid: 'h', maxBitrate: 1000000 }] });
}

async function publish(page, url) {
  await page.evaluate(`window.client = ${client}; window.layers = ${layers}`);
  return page.evaluate(async (url) => {
    const janus = window.client(url);
    await janus.open();
    const request = await janus.attach();
    await request({ request: 'join', ptype: 'publisher', room: 1234, display: 'camera' });
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 960, height: 540, frameRate: 15 } });
    const peer = new RTCPeerConnection();
    window.peer = peer;
    window.layers(peer, stream);
    await peer.setLocalDescription();
    const answer = await request({ request: 'publish' }, peer.localDescription);
    await peer.setRemoteDescription(answer.jsep);
  }, url);
}

async function listen(page, url) {
  await page.evaluate(`window.client = ${client}`);
  return page.evaluate(async (url) => {
    const janus = window.client(url);
    await janus.open();
    const list = await (await janus.attach())({ request: 'listparticipants', room: 1234 });
    const feed = list.plugindata.data.participants[0].id;
    const request = await janus.attach();
    const offer = await request({ request: 'join', ptype: 'subscriber', room: 1234, streams: [{ feed }] });
    const peer = new RTCPeerConnection();
    window.peer = peer;
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    document.body.append(video);
    const stream = new MediaStream();
    peer.ontrack = ({ track }) => { stream.addTrack(track); video.srcObject = stream; };
    await peer.setRemoteDescription(offer.jsep);
    await peer.setLocalDescription();
    await request({ request: 'start' }, peer.localDescription);
  }, url);
}

// A call without a server, between two pages: the camera at full size, as one encoding with the temporal layers that each
// of a publisher's has. (A receiver skips a late picture that no other needs, and counts that as a freeze.)
async function call(caller, callee) {
  const offer = await caller.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 960, height: 540, frameRate: 15 } });
    const peer = new RTCPeerConnection();
    window.peer = peer;
    for (const track of stream.getTracks()) {
      const sendEncodings = track.kind === 'video' ? [{ maxBitrate: 1000000, scalabilityMode: 'L1T3' }] : [{}];
      peer.addTransceiver(track, { direction: 'sendonly', sendEncodings });
    }
    return window.described(peer);
  });
  const answer = await callee.evaluate(async (offer) => {
    const peer = new RTCPeerConnection();
    window.peer = peer;
    const video = document.createElement('video');
    video.muted = true;
    video.autoplay = true;
    document.body.append(video);
    const stream = new MediaStream();
    peer.ontrack = ({ track }) => { stream.addTrack(track); video.srcObject = stream; };
    await peer.setRemoteDescription(offer);
    return window.described(peer);
  }, offer);
  await caller.evaluate((answer) => window.peer.setRemoteDescription(answer), answer);
}

// Runs in the page: the local description with all candidates.
async function described(peer) {
  const gathered = new Promise((resolve) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
  });
  await peer.setLocalDescription();
  await gathered;
  return { type: peer.localDescription.type, sdp: peer.localDescription.sdp };
}

// Debian's Janus in the near namespace.
function startJanus(folder) {
  const libraries = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/janus`).find((it) => fs.existsSync(it));
  const files = {
    'janus.jcfg': `general: { configs_folder = "${folder}", plugins_folder = "${libraries}/plugins",
      transports_folder = "${libraries}/transports", events_folder = "${libraries}/events",
      loggers_folder = "${libraries}/loggers", debug_level = 3 }
      nat: { nice_debug = false, ice_enforce_list = "link0" }
      plugins: { disable = "libjanus_audiobridge.so,libjanus_echotest.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_nosip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so,libjanus_lua.so,libjanus_duktape.so" }
      transports: { disable = "libjanus_http.so,libjanus_rabbitmq.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so" }
      loggers: { disable = "libjanus_jsonlog.so" }`,
    'janus.transport.websockets.jcfg': `general: { ws = true, ws_ip = "${address}", ws_port = 8288 }`,
    'janus.plugin.videoroom.jcfg': 'room-1234: { description = "link", publishers = 6, bitrate = 2000000, videocodec = "vp8" }',
  };
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return spawn('ip', ['netns', 'exec', near, 'janus', '-F', folder], { stdio: 'ignore' });
}

function statistics(page) {
  return page.evaluate(async () => {
    const found = { audio: {}, video: {} };
    for (const report of (await window.peer.getStats()).values()) {
      if (report.type === 'inbound-rtp') found[report.kind] = { ...report };
    }
    return found;
  });
}

// What a listener saw between two reports.
function difference(before, after, span_s) {
  const { audio, video } = after;
  const of = (kind, name) => (after[kind][name] || 0) - (before[kind][name] || 0);
  return {
    height: video.frameHeight,
    fps: of('video', 'framesDecoded') / span_s,
    video_kbps: of('video', 'bytesReceived') * 8 / 1000 / span_s,
    freezes: of('video', 'freezeCount'),
    frozen_s: of('video', 'totalFreezesDuration'),
    keyframe_requests: of('video', 'pliCount'),
    concealed_percent: 100 * of('audio', 'concealedSamples') / Math.max(1, of('audio', 'totalSamplesReceived')),
    jitter_buffer_ms: 1000 * of('audio', 'jitterBufferDelay') / Math.max(1, of('audio', 'jitterBufferEmittedCount')),
  };
}

// What the pages saw within some seconds, each in a row of its own.
async function observe(pages, span_s) {
  const before = await Promise.all(Object.values(pages).map(statistics));
  await wait(1000 * span_s);
  const after = await Promise.all(Object.values(pages).map(statistics));
  const seen = Object.keys(pages).map((name, index) => [name, difference(before[index], after[index], span_s)]);
  return Object.fromEntries(seen);
}

function print(row) {
  const value = (it) => (typeof it === 'number' ? Math.round(it * 10) / 10 : it);
  console.log(Object.entries(row).map(([name, it]) => `${name} ${value(it)}`).join('  '));
}

// Whether somebody with a good link noticed something.
function isUndisturbed({ height, fps, frozen_s, concealed_percent }) {
  return height >= 540 && fps >= 12 && frozen_s < 0.5 && concealed_percent < 1;
}

// Links that change their width.
async function narrow(link, listener, bystander) {
  const rows = [];
  for (const step of steps) {
    link.stdin.write(`${JSON.stringify({ to: 'right', rate_kbps: step.rate_kbps, queue_ms: 300 })}\n`);
    await wait(1000 * (step.settle_s || 5));
    const seen = await observe({ listener, bystander }, seconds);
    const row = { ...step, ...seen.listener, others_undisturbed: isUndisturbed(seen.bystander) };
    row.kept = row.height >= step.least_height && row.fps >= step.least_fps && row.frozen_s < 1 && row.others_undisturbed;
    rows.push(row);
    print(row);
  }
  return rows;
}

// Links that lose packets: through Parlor, directly, and through Janus, one after the other.
async function lossy(link, world) {
  const rows = [];
  for (const loss of losses) {
    link.stdin.write(`${JSON.stringify({ to: 'both', rate_kbps: 0, delay_ms: lossy_delay_ms, loss })}\n`);
    for (const way of ['parlor', 'direct', 'janus']) {
      const pages = await world.meet(way);
      await wait(6000);
      const seen = await observe(pages, seconds);
      const others = seen.bystander ? isUndisturbed(seen.bystander) : 'nobody';
      rows.push({ loss_percent: 100 * loss, way, ...seen.listener, others_undisturbed: others });
      print(rows.at(-1));
      await world.part();
    }
    const [parlor, direct] = rows.slice(-3);
    parlor.kept = parlor.others_undisturbed && parlor.height >= 540 && parlor.fps >= direct.fps - 2
      && parlor.concealed_percent < (loss > 0.05 ? direct.concealed_percent : 1) && parlor.frozen_s <= direct.frozen_s + 0.5
      && parlor.keyframe_requests <= direct.keyframe_requests + 1;
    console.log(`${100 * loss} % loss: ${parlor.kept ? 'no worse than a direct call' : 'NOT KEPT'}`);
  }
  return rows;
}

// The pages of one kind of meeting: somebody who publishes near, somebody who listens far, and where there is a server
// somebody who listens near.
class World {
  constructor(browsers) {
    this.browsers = browsers;
    this.pages = [];
  }

  async meet(way) {
    const [nearby, away] = this.browsers;
    const open = async (browser) => {
      const page = await browser.newPage();
      this.pages.push(page);
      await page.goto(`${http}/janus.js`);
      await page.evaluate(`window.described = ${described}`);
      return page;
    };
    const [publisher, listener] = [await open(nearby), await open(away)];
    if (way === 'direct') {
      await call(publisher, listener);
      return { listener };
    }
    const url = `ws://${address}:${way === 'janus' ? 8288 : 8188}`;
    await publish(publisher, url);
    await wait(6000);
    const bystander = await open(nearby);
    await Promise.all([listen(listener, url), listen(bystander, url)]);
    return { listener, bystander };
  }

  async part() {
    for (const page of this.pages.splice(0)) await page.close();
    await wait(1000);
  }
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parlor-link-'));
  const children = [];
  const browsers = [];
  const rows = [];
  try {
    for (const name of [near, far]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    const link = spawn(path.join(__dirname, 'emulate'), [near, `${address}/24`, far, '10.77.0.2/24']);
    children.push(link);
    await line(link, /ready/);
    link.stdin.write('{"to": "both", "delay_ms": 20}\n');
    const settings = [`control.http=${address}:8088`, `control.websocket=${address}:8188`, 'control.admin=127.0.0.1:7088',
      'control.https=off', 'mdns.enabled=false', `media.address=${address}`, `state.directory=${folder}`];
    const server = spawn('ip', ['netns', 'exec', near, parlor, ...settings.flatMap((setting) => ['--set', setting])]);
    server.stderr.pipe(fs.createWriteStream(path.join(folder, 'server.log')));
    children.push(server, startJanus(folder));
    await wait(2500);
    for (const name of [near, far]) browsers.push(await browser(name, folder));
    const world = new World(browsers);
    if (!process.argv.includes('--only-loss')) {
      const { listener, bystander } = await world.meet('parlor');
      rows.push(...await narrow(link, listener, bystander));
      await world.part();
    }
    if (!process.argv.includes('--only-width')) rows.push(...await lossy(link, world));
  } finally {
    for (const one of browsers) await one.close().catch(() => {});
    for (const child of children) child.kill('SIGINT');
    await wait(500);
    for (const name of [near, far]) execFileSync('ip', ['netns', 'del', name]);
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const file = option('--json');
  if (file) fs.writeFileSync(file, JSON.stringify(rows, null, 1));
  process.exitCode = rows.length > 0 && rows.every((row) => row.kept !== false) ? 0 : 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
