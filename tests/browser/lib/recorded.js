// Recordings of what a tab publishes: how they are made, found and decoded.

import { execFileSync } from 'node:child_process';

/** Opens a tab that can publish, and tells the codecs that it can be recorded in. */
export async function openPublisher(world) {
  const tab = await world.open('Publisher');
  await tab.page.goto(world.address({}) + 'janus.js');
  const known = await tab.page.evaluate(() => RTCRtpSender.getCapabilities('video').codecs.map(({ mimeType }) => mimeType));
  const codecs = ['vp8', 'vp9', 'h264', 'av1'].filter((codec) => known.some((it) => it.toLowerCase() === `video/${codec}`));
  return { tab, codecs };
}

/** Publishes sound and picture from `tab` into a room of its own that is recorded, for so many seconds. */
export async function record(tab, { name, codec, format, seconds, unpublish }) {
  await tab.page.evaluate(publish, { name: name ?? codec, codec, format, seconds, unpublish });
}

/** Waits until a recording is in this state. */
export async function isListed(tab, world, file, state) {
  await tab.until(`${file} is ${state}`, async () => {
    const line = world.server.listRecordings().split('\n').find((it) => it.endsWith(` ${file}`));
    return line?.startsWith(`${state} `);
  });
}

/** Decodes all of a film; says how long it is, and of each stream its codec and how many frames it has. */
export function decode(file) {
  const entries = 'format=duration:stream=codec_name,nb_read_frames,start_time';
  const asked = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'json', file];
  const { format, streams } = JSON.parse(execFileSync('ffprobe', asked, { encoding: 'utf8' }));
  execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-'], { stdio: 'ignore' });
  const told = (stream) => ({
    codec: stream.codec_name,
    frames: Number(stream.nb_read_frames),
    begin: Number(stream.start_time),
  });
  return { seconds: Number(format.duration), streams: streams.map(told) };
}

/** In the page: publishes sound and picture into a recorded room of its own, for so many seconds. */
async function publish({ name, codec, format, seconds, unpublish }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const handle = await session.attach('janus.plugin.videoroom');
  const room = { request: 'create', record: true, videocodec: 'vp8,vp9,h264,av1' };
  const { data } = await handle.message(format ? { ...room, record_format: format } : room);
  await handle.message({ request: 'join', ptype: 'publisher', room: data.room });
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240, frameRate: 10 } });
  const connection = new RTCPeerConnection();
  const [audio, video] = [media.getAudioTracks()[0], media.getVideoTracks()[0]];
  connection.addTransceiver(audio, { direction: 'sendonly' });
  const transceiver = connection.addTransceiver(video, { direction: 'sendonly' });
  const all = RTCRtpSender.getCapabilities('video').codecs;
  transceiver.setCodecPreferences(all.filter((it) => it.mimeType.toLowerCase() === `video/${codec}`));
  const isUp = new Promise((resolve) => {
    connection.onconnectionstatechange = () => connection.connectionState === 'connected' && resolve();
  });
  await connection.setLocalDescription();
  const { jsep } = await handle.message({ request: 'publish', filename: name }, connection.localDescription);
  await connection.setRemoteDescription(jsep);
  await isUp;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  if (!unpublish) return;
  await handle.message({ request: 'unpublish' });
  connection.close();
  media.getTracks().forEach((track) => track.stop());
}
