// What Chromium publishes goes into one file with sound and pictures that plays in a browser as it is, also after the
// server was killed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode, isListed, openPublisher, record } from '../lib/recorded.js';
import { expect } from '../lib/tab.js';

const SECONDS = 5;

/** Counts frames. */
export const alone = true;

export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the recordings of another server are not ours to look at');
    return;
  }
  const { tab, codecs } = await openPublisher(world);
  for (const codec of codecs) {
    const name = `film-${codec}`;
    const file = `${name}.${codec === 'h264' ? 'mkv' : 'webm'}`;
    await record(tab, { codec, name, format: 'webm', seconds: SECONDS, unpublish: true });
    await isListed(tab, world, file, 'whole');
    const { seconds, streams } = decode(join(world.server.recordings, file));
    const [sound, picture] = streams;
    expect(sound.codec === 'opus' && picture.codec === codec, `${file}: ${JSON.stringify(streams)}`);
    expect(Math.abs(seconds - SECONDS) < 1, `${file}: ${seconds} s were recorded, not ${SECONDS}`);
    expect(picture.frames > SECONDS * 5, `${file}: ${picture.frames} frames in ${SECONDS} s`);
    expect(Math.abs(sound.begin - picture.begin) < 1, `${file}: ${sound.begin} s and ${picture.begin} s`);
    if (codec !== 'h264') await plays(tab, world, file, seconds);
    world.remark(`${codec}: ${seconds.toFixed(2)} s, ${sound.frames} packets of sound, ${picture.frames} frames`);
  }

  await record(tab, { codec: 'vp8', name: 'killed-film', format: 'webm', seconds: SECONDS, unpublish: false });
  await world.server.stop('SIGKILL');
  const torn = decode(join(world.server.recordings, 'killed-film.webm.part'));
  expect(torn.streams.length === 2 && torn.streams[1].frames > 10, `what was left: ${JSON.stringify(torn)}`);
  expect(/^whole .* killed-film.webm$/m.test(world.server.listRecordings('--repair')), 'it is not repaired');
  const { seconds } = decode(join(world.server.recordings, 'killed-film.webm'));
  // The last second was in memory.
  expect(seconds > SECONDS - 2 && seconds < SECONDS + 1, `${seconds} s are left`);
  await plays(tab, world, 'killed-film.webm', seconds);
  await world.server.start();
}

/** The browser plays a film: it knows how long it is, jumps into it and shows pictures from there on. */
async function plays(tab, world, file, seconds) {
  const content = readFileSync(join(world.server.recordings, file)).toString('base64');
  // A page of its own: Parlor's takes no media from elsewhere.
  const page = await tab.page.context().newPage();
  const shown = await page.evaluate(async (content) => {
    const video = document.createElement('video');
    video.muted = true;
    video.src = `data:video/webm;base64,${content}`;
    const happens = (name) => new Promise((resolve, reject) => {
      video.addEventListener(name, resolve, { once: true });
      video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    });
    await happens('loadedmetadata');
    const { duration, videoWidth } = video;
    video.currentTime = duration / 2;
    await happens('seeked');
    const began = video.currentTime;
    await video.play();
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    return { duration, videoWidth, began };
  }, content);
  await page.close();
  expect(Math.abs(shown.duration - seconds) < 0.1, `${file} lasts ${shown.duration} s in the browser`);
  expect(shown.videoWidth > 0 && shown.began > 1, `${file}: ${JSON.stringify(shown)}`);
}
