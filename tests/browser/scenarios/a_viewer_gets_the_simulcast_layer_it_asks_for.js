import { Layers } from '../lib/layers.js';
import { expect } from '../lib/tab.js';

const ENCODINGS = [
  { rid: 'h', maxBitrate: 900_000 },
  { rid: 'm', maxBitrate: 300_000, scaleResolutionDownBy: 2 },
  { rid: 'l', maxBitrate: 100_000, scaleResolutionDownBy: 4 },
];
const WIDTHS = [240, 480, 960];

/** Counts frames a second. */
export const alone = true;

export default async function (world) {
  for (const codec of ['VP8', 'H264']) {
    if ((await Layers.modes(world, codec)) === null) {
      world.remark(`this Chromium cannot encode ${codec}`);
      continue;
    }
    await world.freshRoom({ videocodec: codec.toLowerCase() });
    const camera = { codec, encodings: ENCODINGS, width: 960, height: 540 };
    const layers = await Layers.begin(world, { ...camera, subscribe: { substream: 0 } });
    for (const substream of [0, 2, 1, 0, 2]) {
      await layers.ask({ substream });
      await layers.reaches(4, WIDTHS[substream], { substream });
    }
    const { lost, events } = await layers.seen();
    expect(lost < 10, `${lost} packets were lost`);
    if (events.some((event) => event.temporal > 0)) {
      const all = await layers.shows(960, {}, 4);
      await layers.ask({ temporal: 0 });
      const base = await layers.shows(960, { temporal: 0 }, 4);
      expect(base < all * 0.7, `the base layer has ${base} of ${all} frames a second`);
      world.remark(`${codec}: ${base.toFixed(1)} of ${all.toFixed(1)} frames a second in the base layer`);
    }
    await world.leave();
  }
}
