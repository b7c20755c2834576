// Sound over a way that loses packets: how much of it a listener in Chromium has to make up, by what the room allows.
'use strict';

const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { browser, client, ip, line, parlor, wait } = require('./measure.js');

const near = 'parlorspeaker';
const far = 'parlorhearer';
const address = '10.78.0.1';
const http = `http://${address}:8088`;

const seconds = Number(argument('--seconds') || 30);
// What a room allows; the percentage of packets that get lost; how much may be made up at most.
const rows = [
  { name: 'nothing', settings: {}, loss: 0 },
  { name: 'nothing', settings: {}, loss: 0.05 },
  { name: 'nack', settings: { audio_nack: true }, loss: 0.05 },
  { name: 'red', settings: { audio_red: true }, loss: 0.05, most_percent: 1 },
  { name: 'red, nack', settings: { audio_red: true, audio_nack: true }, loss: 0.05, most_percent: 1 },
  { name: 'red, nack', settings: { audio_red: true, audio_nack: true }, loss: 0.1 },
];

function argument(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

// A microphone in which somebody hums without a pause.
async function publish(page, url, room, settings) {
  await page.evaluate(`window.client = ${client}`);
  return page.evaluate(async ({ url, room, settings }) => {
    const janus = window.client(url);
    await janus.open();
    const request = await janus.attach();
    await request({ request: 'create', room, ...settings });
    await request({ request: 'join', ptype: 'publisher', room });
    const context = new AudioContext();
    const voice = new OscillatorNode(context, { type: 'sawtooth', frequency: 140 });
    const swell = new OscillatorNode(context, { frequency: 3 });
    const depth = new GainNode(context, { gain: 0.1 });
    const loudness = new GainNode(context, { gain: 0.2 });
    const end = context.createMediaStreamDestination();
    voice.connect(loudness).connect(end);
    swell.connect(depth).connect(loudness.gain);
    voice.start();
    swell.start();
    const peer = new RTCPeerConnection();
    window.peer = peer;
    peer.addTransceiver(end.stream.getAudioTracks()[0], { direction: 'sendonly' });
    await peer.setLocalDescription();
    const answer = await request({ request: 'publish' }, peer.localDescription);
    await peer.setRemoteDescription(answer.jsep);
    return answer.jsep.sdp.match(/^m=audio.*$/m)[0];
  }, { url, room, settings });
}

async function listen(page, url, room) {
  await page.evaluate(`window.client = ${client}`);
  return page.evaluate(async ({ url, room }) => {
    const janus = window.client(url);
    await janus.open();
    const list = await (await janus.attach())({ request: 'listparticipants', room });
    const feed = list.plugindata.data.participants[0].id;
    const request = await janus.attach();
    const offer = await request({ request: 'join', ptype: 'subscriber', room, streams: [{ feed }] });
    const peer = new RTCPeerConnection();
    window.peer = peer;
    const audio = document.createElement('audio');
    audio.autoplay = true;
    document.body.append(audio);
    peer.ontrack = ({ track }) => { audio.srcObject = new MediaStream([track]); };
    await peer.setRemoteDescription(offer.jsep);
    await peer.setLocalDescription();
    await request({ request: 'start' }, peer.localDescription);
  }, { url, room });
}

function statistics(page) {
  return page.evaluate(async () => {
    const found = {};
    for (const report of (await window.peer.getStats()).values()) {
      if (report.type === 'inbound-rtp') Object.assign(found, report);
    }
    return found;
  });
}

function difference(before, after, span_s) {
  const of = (name) => (after[name] || 0) - (before[name] || 0);
  return {
    lost_percent: 100 * of('packetsLost') / Math.max(1, of('packetsLost') + of('packetsReceived')),
    concealed_percent: 100 * of('concealedSamples') / Math.max(1, of('totalSamplesReceived')),
    concealments: of('concealmentEvents'),
    audio_kbps: of('bytesReceived') * 8 / 1000 / span_s,
    jitter_buffer_ms: 1000 * of('jitterBufferDelay') / Math.max(1, of('jitterBufferEmittedCount')),
    nacks: of('nackCount'),
  };
}

// One room, one way, one listener.
async function measure(number, { settings, loss }, link, browsers) {
  const url = `ws://${address}:8188`;
  const room = 2000 + number;
  link.stdin.write(`${JSON.stringify({ to: 'both', delay_ms: 20, loss: 0 })}\n`);
  const [publisher, listener] = await Promise.all(browsers.map((one) => one.newPage()));
  try {
    await publisher.goto(`${http}/`);
    await publish(publisher, url, room, settings);
    await wait(2000);
    await listener.goto(`${http}/`);
    await listen(listener, url, room);
    await wait(2000);
    link.stdin.write(`${JSON.stringify({ to: 'right', loss })}\n`);
    // A report of loss comes each five seconds.
    await wait(12000);
    const before = await statistics(listener);
    await wait(1000 * seconds);
    return difference(before, await statistics(listener), seconds);
  } finally {
    await Promise.all([publisher, listener].map((page) => page.close()));
  }
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parlor-speech-'));
  const children = [];
  const browsers = [];
  const measured = [];
  try {
    for (const name of [near, far]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    const link = spawn(path.join(__dirname, 'emulate'), [near, `${address}/24`, far, '10.78.0.2/24']);
    children.push(link);
    await line(link, /ready/);
    const settings = [`control.http=${address}:8088`, `control.websocket=${address}:8188`, 'control.admin=127.0.0.1:7088',
      'control.https=off', 'mdns.enabled=false', `media.address=${address}`, `state.directory=${folder}`];
    const server = spawn('ip', ['netns', 'exec', near, parlor, ...settings.flatMap((setting) => ['--set', setting])]);
    server.stderr.pipe(fs.createWriteStream(path.join(folder, 'server.log')));
    children.push(server);
    await wait(1500);
    for (const name of [near, far]) browsers.push(await browser(name, folder, http));
    for (const [number, row] of rows.entries()) {
      const result = await measure(number, row, link, browsers);
      // What was sent again counts as received.
      const is_lossy = result.lost_percent >= 100 * row.loss / 2 || result.nacks > 0;
      const kept = is_lossy && result.concealed_percent < (row.most_percent ?? 100);
      measured.push({ ...row, ...result, kept });
      const numbers = Object.entries(result).map(([name, value]) => `${name} ${Math.round(value * 100) / 100}`);
      console.log(`${row.name.padEnd(10)} loss ${100 * row.loss} %  ${numbers.join('  ')}  kept ${kept}`);
    }
  } finally {
    for (const one of browsers) await one.close().catch(() => {});
    for (const child of children) child.kill('SIGINT');
    await wait(500);
    for (const name of [near, far]) execFileSync('ip', ['netns', 'del', name]);
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const file = argument('--json');
  if (file) fs.writeFileSync(file, JSON.stringify(measured, null, 1));
  process.exitCode = measured.length === rows.length && measured.every((row) => row.kept) ? 0 : 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
