// What Chromium publishes goes into files that Janus' own converter makes films of, also after the server was killed.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from '../lib/tab.js';

const SECONDS = 4;

export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the recordings of another server are not ours to look at');
    return;
  }
  const tab = await world.open('Publisher');
  await tab.page.goto(world.address({}) + 'janus.js');
  const codecs = await tab.page.evaluate(() =>
    RTCRtpSender.getCapabilities('video').codecs.map(({ mimeType }) => mimeType.slice('video/'.length).toLowerCase()),
  );
  for (const codec of ['vp8', 'vp9', 'h264', 'av1'].filter((it) => codecs.includes(it))) {
    await record(tab, { codec, seconds: SECONDS, unpublish: true });
    await isListed(tab, world, `${codec}-video-1.mjr`, 'whole');
    const films = [film(world, `${codec}-audio-0`, 'opus'), film(world, `${codec}-video-1`, ending(codec))];
    for (const { seconds } of films)
      expect(Math.abs(seconds - SECONDS) < 1, `${codec}: ${seconds} s were recorded, not ${SECONDS}`);
    const [sound, picture] = films;
    expect(picture.frames > SECONDS * 5, `${codec}: ${picture.frames} frames in ${SECONDS} s`);
    const between = Math.abs(sound.beganMs - picture.beganMs);
    // A picture begins with its first keyframe.
    expect(between < 1000, `${codec}: sound and picture began ${between} ms apart`);
    world.remark(`${codec}: ${sound.seconds.toFixed(2)} s of sound, ${picture.frames} frames`);
  }

  await record(tab, { codec: 'vp8', name: 'killed', seconds: SECONDS, unpublish: false });
  await world.server.stop('SIGKILL');
  expect(/^unfinished .* killed-video-1.mjr.part$/m.test(world.server.listRecordings()), 'a killed server left no file');
  expect(/^whole .* killed-video-1.mjr$/m.test(world.server.listRecordings('--repair')), 'it is not repaired');
  const { seconds, frames } = film(world, 'killed-video-1', 'webm');
  // The last second was in memory.
  expect(seconds > SECONDS - 2 && frames > 10, `${seconds} s and ${frames} frames are left`);
  await world.server.start();
}

const ending = (codec) => ({ h264: 'mp4', av1: 'mp4' })[codec] ?? 'webm';

async function isListed(tab, world, file, state) {
  await tab.until(`${file} is ${state}`, async () => {
    const line = world.server.listRecordings().split('\n').find((it) => it.endsWith(` ${file}`));
    return line?.startsWith(`${state} `);
  });
}

/** Converts the recording `name`, decodes all of it, and says how long it is and when it began. */
function film(world, name, kind) {
  const [source, target] = [`${name}.mjr`, `${name}.${kind}`].map((file) => join(world.server.recordings, file));
  const told = execFileSync('janus-pp-rec', [source, target], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const entries = 'format=duration:stream=nb_read_frames';
  const asked = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'json', target];
  const { format, streams } = JSON.parse(execFileSync('ffprobe', asked, { encoding: 'utf8' }));
  // Decoding errors go to stderr, and are none.
  execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', target, '-f', 'null', '-'], { stdio: 'ignore' });
  const beganMs = Number(/Written: +(\d+)/.exec(told)?.[1]) / 1000;
  return { seconds: Number(format.duration), frames: Number(streams[0].nb_read_frames), beganMs };
}

async function record(tab, { name, codec, seconds, unpublish }) {
  await tab.page.evaluate(publish, { name: name ?? codec, codec, seconds, unpublish });
}

/** In the page: publishes sound and picture into a recorded room of its own, for so many seconds. */
async function publish({ name, codec, seconds, unpublish }) {
  const { Session } = await import('./janus.js');
  const session = await Session.open(`ws://${location.host}/`);
  const handle = await session.attach('janus.plugin.videoroom');
  const { data } = await handle.message({ request: 'create', record: true, videocodec: 'vp8,vp9,h264,av1' });
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
