// What Chromium publishes goes into files that Janus' own converter makes films of, also after the server was killed.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { decode, isListed, openPublisher, record } from '../lib/recorded.js';
import { expect } from '../lib/tab.js';

const SECONDS = 4;

/** Counts frames. */
export const alone = true;

export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the recordings of another server are not ours to look at');
    return;
  }
  const { tab, codecs } = await openPublisher(world);
  for (const codec of codecs) {
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

/** Converts the recording `name`, decodes all of it, and says how long it is and when it began. */
function film(world, name, kind) {
  const [source, target] = [`${name}.mjr`, `${name}.${kind}`].map((file) => join(world.server.recordings, file));
  const told = execFileSync('janus-pp-rec', [source, target], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const { seconds, streams } = decode(target);
  const beganMs = Number(/Written: +(\d+)/.exec(told)?.[1]) / 1000;
  return { seconds, frames: streams[0].frames, beganMs };
}
