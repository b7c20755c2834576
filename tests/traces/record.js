// Records traces of encoders: see `record`.
'use strict';

const { spawn } = require('node:child_process');
const dgram = require('node:dgram');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

const SECONDS = 5;
const KEYFRAME_MS = 900;
const HEAD_BYTES = 48;
const HTTP = 18_488;
const ADMIN = 18_489;
const MEDIA = 18_490;
const GSTREAMER = 18_492;
const LAYERS = ['l', 'm', 'h'];

// Three encodings or spatial layers need the larger one.
const SIZES = { false: { width: 480, height: 272 }, true: { width: 960, height: 540 } };

// Chromium leaves out spatial layers that the bitrate is too small for.
const scalable = (scalabilityMode) => [
  { scalabilityMode, maxBitrate: scalabilityMode.startsWith('L3') ? 1_000_000 : 400_000 }];
const simulcast = (scalabilityMode) => LAYERS.map((rid, layer) => (
  { rid, scaleResolutionDownBy: 4 >> layer, maxBitrate: 80_000 << layer, ...(scalabilityMode && { scalabilityMode }) }));

// What Chromium publishes, by the name of the trace.
const BROWSER = {
  vp8_plain: ['VP8', [{ maxBitrate: 300_000 }]],
  vp8_l1t3: ['VP8', scalable('L1T3')],
  vp8_simulcast: ['VP8', simulcast('L1T3')],
  vp9_plain: ['VP9', scalable('L1T1')],
  vp9_l1t3: ['VP9', scalable('L1T3')],
  vp9_l3t3: ['VP9', scalable('L3T3')],
  vp9_l3t3_key: ['VP9', scalable('L3T3_KEY')],
  vp9_l2t2_key_shift: ['VP9', scalable('L2T2_KEY_SHIFT')],
  vp9_simulcast: ['VP9', simulcast('L1T3')],
  h264_plain: ['H264', [{ maxBitrate: 300_000 }]],
  h264_simulcast: ['H264', simulcast('L1T2')],
  av1_plain: ['AV1', scalable('L1T1')],
  av1_l1t3: ['AV1', scalable('L1T3')],
  av1_l2t2: ['AV1', scalable('L2T2')],
  av1_l3t3: ['AV1', scalable('L3T3')],
  av1_l3t3_key: ['AV1', scalable('L3T3_KEY')],
  av1_simulcast: ['AV1', simulcast('L1T3')],
};

// What GStreamer sends.
const PIPELINES = {
  gstreamer_vp8: ['VP8', 'vp8enc deadline=1 keyframe-max-dist=9 target-bitrate=200000 ! rtpvp8pay picture-id-mode=2'],
  gstreamer_vp9: ['VP9', 'vp9enc deadline=1 keyframe-max-dist=9 target-bitrate=200000 ! rtpvp9pay picture-id-mode=2'],
  gstreamer_h264: ['H264', 'x264enc tune=zerolatency key-int-max=9 bitrate=200 ! rtph264pay config-interval=-1'],
};

async function main() {
  const wanted = process.argv.slice(2);
  const isWanted = (name) => !wanted.length || wanted.includes(name);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parlor-traces-'));
  try {
    for (const name of Object.keys(PIPELINES).filter(isWanted)) write(name, await fromPipeline(...PIPELINES[name]));
    const names = Object.keys(BROWSER).filter(isWanted);
    if (names.length) await withServer(folder, (browser) => each(browser, names, folder));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function each(browser, names, folder) {
  for (const name of names) {
    const [codec, encodings] = BROWSER[name];
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${HTTP}/janus.js`);
    const published = await page.evaluate(publish, { codec, encodings, size: SIZES[/l3|simulcast/.test(name)] });
    await untilWhole(page);
    await wait(1000);
    const file = path.join(folder, `${name}.pcap`);
    await admin(published, { janus: 'start_pcap', folder, filename: path.basename(file) });
    for (let ms = 0; ms < SECONDS * 1000; ms += KEYFRAME_MS) {
      await page.evaluate(() => globalThis.keyframe());
      await wait(KEYFRAME_MS);
    }
    await admin(published, { janus: 'stop_pcap' });
    const told = await page.evaluate(() => globalThis.told());
    await page.close();
    write(name, fromCapture(codec, told, fs.readFileSync(file)));
  }
}

/** In the page: publishes the fake camera in a room of its own. */
async function publish({ codec, encodings, size }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const handle = await session.attach('janus.plugin.videoroom');
  const create = { request: 'create', videocodec: codec.toLowerCase(), video_svc: ['VP9', 'AV1'].includes(codec), bitrate: 2_000_000 };
  const { data } = await handle.message(create);
  await handle.message({ request: 'join', ptype: 'publisher', room: data.room });
  const camera = await navigator.mediaDevices.getUserMedia({ video: { ...size, frameRate: 10 } });
  const connection = new RTCPeerConnection();
  const track = camera.getVideoTracks()[0];
  const transceiver = connection.addTransceiver(track, { direction: 'sendonly', sendEncodings: encodings });
  const parameters = transceiver.sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  await transceiver.sender.setParameters(parameters);
  const known = RTCRtpSender.getCapabilities('video').codecs;
  transceiver.setCodecPreferences(known.filter((it) => [`video/${codec}`, 'video/rtx'].includes(it.mimeType)));
  await connection.setLocalDescription();
  const { jsep } = await handle.message({ request: 'publish' }, connection.localDescription);
  await connection.setRemoteDescription(jsep);
  globalThis.keyframe = () => handle.message({ request: 'configure', keyframe: true });
  // Whether every encoding sends, the highest of which begins last.
  globalThis.isWhole = async () => {
    const sent = [...(await connection.getStats()).values()].filter((it) => it.type === 'outbound-rtp');
    return sent.length === encodings.length && sent.every((it) => it.framesSent > 5);
  };
  globalThis.told = async () => {
    const streams = [...(await connection.getStats()).values()].filter((it) => it.type === 'outbound-rtp');
    const descriptor = /extmap:(\d+)[^\n]*dependency-descriptor/.exec(jsep.sdp);
    return {
      streams: streams.map(({ ssrc, rid, scalabilityMode, encoderImplementation }) => (
        { ssrc, rid, scalabilityMode, encoderImplementation })),
      descriptor: Number(descriptor?.[1] ?? 0),
    };
  };
  return { session: session.id, handle: handle.id };
}

/** The packets of a capture that the peer sent. */
function fromCapture(codec, { streams, descriptor }, bytes) {
  console.log(JSON.stringify(streams));
  const packets = [];
  let at = 24;
  while (at < bytes.length) {
    const [seconds, us, len] = [0, 4, 8].map((offset) => bytes.readUInt32LE(at + offset));
    const packet = bytes.subarray(at + 16 + 28, at + 16 + len);
    const stream = streams.find(({ ssrc }) => packet.length > 12 && packet.readUInt32BE(8) === ssrc);
    const isOurs = bytes[at + 16 + 15] === 1;
    at += 16 + len;
    if (isOurs || !stream || (packet[1] >= 192 && packet[1] < 224)) continue;
    packets.push(read(packet, seconds * 1000 + us / 1000, Math.max(0, LAYERS.indexOf(stream.rid)), descriptor));
  }
  return { codec, layers: streams.length, packets };
}

async function untilWhole(page) {
  for (let tries = 0; !(await page.evaluate(() => globalThis.isWhole())); tries++) {
    if (tries > 100) throw new Error('not every encoding sends');
    await wait(300);
  }
}

async function fromPipeline(codec, encoder) {
  const socket = dgram.createSocket('udp4').bind(GSTREAMER, '127.0.0.1');
  const packets = [];
  const start = process.hrtime.bigint();
  socket.on('message', (packet) => packets.push(read(packet, Number(process.hrtime.bigint() - start) / 1e6, 0, 0)));
  const source = `videotestsrc is-live=true pattern=ball num-buffers=${SECONDS * 10} ! video/x-raw,width=320,height=180,framerate=10/1`;
  const pipeline = `${source} ! ${encoder} mtu=1200 ! udpsink host=127.0.0.1 port=${GSTREAMER}`;
  const child = spawn('gst-launch-1.0', ['-q', ...pipeline.split(' ')], { stdio: 'inherit' });
  await new Promise((resolve) => child.on('exit', resolve));
  socket.close();
  return { codec, layers: 1, packets };
}

/** What a trace keeps of a packet. */
function read(packet, ms, layer, descriptor) {
  let at = 12 + 4 * (packet[0] & 15);
  let dependencies = Buffer.alloc(0);
  if (packet[0] & 0x10) {
    const profile = packet.readUInt16BE(at);
    const end = at + 4 + 4 * packet.readUInt16BE(at + 2);
    for (at += 4; at < end;) {
      const id = profile === 0xbede ? packet[at] >> 4 : packet[at];
      if (id === 0) {
        at += 1;
        continue;
      }
      const len = profile === 0xbede ? (packet[at] & 15) + 1 : packet[at + 1];
      at += profile === 0xbede ? 1 : 2;
      if (id === descriptor) dependencies = packet.subarray(at, at + len);
      at += len;
    }
    at = end;
  }
  const payload = packet.subarray(at, packet.length - (packet[0] & 0x20 ? packet.at(-1) : 0));
  return {
    ms, layer, dependencies, marker: packet[1] >> 7, sequence: packet.readUInt16BE(2), timestamp: packet.readUInt32BE(4),
    bytes: payload.length, head: payload.subarray(0, HEAD_BYTES),
  };
}

// One line of text, then the packets, whose numbers are big-endian: milliseconds since the one before (2 bytes), layer
// and marker (1), sequence number (2), timestamp (4), bytes of the payload (2), the descriptor and the head, each behind
// its length (1).
function write(name, { codec, layers, packets }) {
  const parts = [Buffer.from(`parlor trace, codec ${codec}, layers ${layers}\n`)];
  let last = packets[0]?.ms ?? 0;
  for (const packet of packets.filter(({ bytes }) => bytes > 0)) {
    const fixed = Buffer.alloc(11);
    fixed.writeUInt16BE(Math.max(0, Math.round(packet.ms - last)), 0);
    fixed[2] = packet.layer | (packet.marker << 7);
    fixed.writeUInt16BE(packet.sequence, 3);
    fixed.writeUInt32BE(packet.timestamp, 5);
    fixed.writeUInt16BE(packet.bytes, 9);
    last = Math.max(last, Math.round(packet.ms));
    for (const part of [packet.dependencies, packet.head]) packet.parts = [...(packet.parts ?? []), Buffer.from([part.length]), part];
    parts.push(fixed, ...packet.parts);
  }
  const whole = Buffer.concat(parts);
  fs.writeFileSync(path.join(__dirname, `${name}.trace`), whole);
  console.log(`${name}: ${packets.length} packets, ${whole.length} bytes`);
}

async function withServer(folder, use) {
  const settings = [`control.http=127.0.0.1:${HTTP}`, 'control.websocket=off', 'control.https=off', 'control.https_api=off',
    'control.wss=off', 'mdns.enabled=false', `control.admin=127.0.0.1:${ADMIN}`,
    'control.admin_secret=trace', 'media.address=127.0.0.1', `media.port=${MEDIA}`, 'media.shards=1',
    `state.directory=${folder}`, `capture.directory=${folder}`];
  const server = spawn(process.env.PARLOR, settings.flatMap((setting) => ['--set', setting]), { stdio: 'ignore' });
  await wait(1500);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
      '--allow-loopback-in-peer-connection'],
  });
  try {
    await use(browser);
  } finally {
    await browser.close();
    server.kill();
  }
}

async function admin({ session, handle }, request) {
  const body = JSON.stringify({ ...request, admin_secret: 'trace', transaction: 't' });
  const reply = await (await fetch(`http://127.0.0.1:${ADMIN}/admin/${session}/${handle}`, { method: 'POST', body })).json();
  if (reply.janus !== 'success') throw new Error(JSON.stringify(reply));
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
