// One publisher with three simulcast layers, one listener behind a link whose width changes: what the listener sees.
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

async function publish(page, url) {
  await page.evaluate(`window.client = ${client}`);
  return page.evaluate(async (url) => {
    const janus = window.client(url);
    await janus.open();
    const request = await janus.attach();
    await request({ request: 'join', ptype: 'publisher', room: 1234, display: 'camera' });
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 960, height: 540, frameRate: 15 } });
    const peer = new RTCPeerConnection();
    window.peer = peer;
    peer.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly' });
    peer.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly', sendEncodings: [
      { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 100000 },
      { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 300000 },
      { rid: 'h', maxBitrate: 1000000 }] });
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
      `media.address=${address}`, `state.directory=${folder}`];
    const server = spawn('ip', ['netns', 'exec', near, parlor, ...settings.flatMap((setting) => ['--set', setting])]);
    server.stderr.pipe(fs.createWriteStream(path.join(folder, 'server.log')));
    children.push(server);
    await wait(1500);
    const url = `ws://${address}:8188`;
    for (const name of [near, far]) browsers.push(await browser(name, folder));
    const [publisher, listener] = await Promise.all(browsers.map((one) => one.newPage()));
    await publisher.goto(`${http}/`);
    await publish(publisher, url);
    await wait(6000);
    await listener.goto(`${http}/`);
    await listen(listener, url);
    for (const step of steps) {
      link.stdin.write(`${JSON.stringify({ to: 'right', rate_kbps: step.rate_kbps, queue_ms: 300 })}\n`);
      await wait(1000 * (step.settle_s || 5));
      const before = await statistics(listener);
      await wait(1000 * seconds);
      const row = { ...step, ...difference(before, await statistics(listener), seconds) };
      row.kept = row.height >= step.least_height && row.fps >= step.least_fps && row.frozen_s < 1;
      rows.push(row);
      console.log(Object.entries(row).map(([name, value]) => `${name} ${typeof value === 'number' ? Math.round(value * 10) / 10 : value}`).join('  '));
    }
  } finally {
    for (const one of browsers) await one.close().catch(() => {});
    for (const child of children) child.kill('SIGINT');
    await wait(500);
    for (const name of [near, far]) execFileSync('ip', ['netns', 'del', name]);
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const file = option('--json');
  if (file) fs.writeFileSync(file, JSON.stringify(rows, null, 1));
  process.exitCode = rows.length === steps.length && rows.every((row) => row.kept) ? 0 : 1;
}

module.exports = { browser, client, ip, line, parlor, wait };

if (require.main === module) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
