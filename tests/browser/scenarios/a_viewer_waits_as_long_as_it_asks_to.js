import { Layers } from '../lib/layers.js';
import { expect } from '../lib/tab.js';

/** Counts milliseconds. */
export const alone = true;

export default async function (world) {
  await world.freshRoom({ videocodec: 'vp8' });
  const layers = await Layers.begin(world, { codec: 'VP8', encodings: [{}], width: 320, height: 180 });
  await layers.shows(320);
  const none = await layers.delayMs();
  expect(none < 300, `${none} ms although nothing was asked for`);
  // Janus counts in steps of ten milliseconds.
  await layers.ask({ min_delay: 90, max_delay: 150 });
  await layers.shows(320, {}, 5);
  const long = await layers.delayMs();
  expect(long > 700 && long < 1600, `${long} ms where 900 to 1500 were asked for`);
  await layers.ask({ min_delay: 0, max_delay: 10 });
  await layers.shows(320, {}, 5);
  const short = await layers.delayMs();
  expect(short < 300, `${short} ms where at most 100 were asked for`);
  world.remark(`pictures are kept for ${none.toFixed(0)}, ${long.toFixed(0)} and ${short.toFixed(0)} ms`);
}
