import { Layers } from '../lib/layers.js';
import { expect } from '../lib/tab.js';

const CROWD = 8;
const PAUSE_MS = 100;
const SECONDS = 4;

/** No picture may freeze. */
export const alone = true;

export default async function (world) {
  const layers = await Layers.begin(world, { codec: 'VP8', encodings: [{}], width: 320, height: 240 });
  await layers.shows(320);
  const before = await layers.keyframes();
  const crowd = await layers.crowd(world, CROWD, PAUSE_MS, SECONDS);
  const made = (await layers.keyframes()) - before;
  const all = JSON.stringify(crowd);
  // One when the first of them comes; machines where joining takes longer than a keyframe is kept need another.
  expect(made <= 2, `${made} keyframes for ${CROWD} who joined: ${all}`);
  expect(
    crowd.every((one) => one.framesDecoded > 10 * (SECONDS - 2)),
    `not everybody sees a picture: ${all}`,
  );
  // A browser that waits long for its first picture asks once by itself: what the publisher made of it is counted above.
  expect(
    crowd.every((one) => one.freezeCount === 0 && one.pliCount <= 1),
    `somebody's picture froze or lacked a keyframe: ${all}`,
  );
  const first = crowd.map((one) => Math.round(one.firstMs)).sort((a, b) => a - b);
  world.remark(`${made} keyframes for ${CROWD}; pictures after ${first[0]} to ${first.at(-1)} ms`);
}
