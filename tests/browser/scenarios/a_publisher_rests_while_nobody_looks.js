import { Layers } from '../lib/layers.js';
import { expect } from '../lib/tab.js';

const ENCODINGS = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 100_000 },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 300_000 },
  { rid: 'h', maxBitrate: 700_000 },
];

/** Chromium sends less where it lacks time, too. */
export const alone = true;

export default async function (world) {
  await world.freshRoom({ videocodec: 'vp8', bitrate: 2_000_000, follow_need: true });
  const layers = await Layers.begin(world, { codec: 'VP8', encodings: ENCODINGS, width: 960, height: 540 });
  await layers.shows(960);
  await layers.ask({ substream: 0 });
  await layers.shows(240, { substream: 0 });
  await layers.sends((bps) => bps < 250_000, 'less once only the lowest layer is needed');
  await layers.ask({ send: false });
  await layers.sends((bps) => bps < 130_000, 'next to nothing once nobody is sent anything');
  await layers.ask({ send: true, substream: 2 });
  const began = Date.now();
  await layers.shows(960, { substream: 2 });
  const ms = Date.now() - began - 3_000;
  world.remark(`full size ${ms} ms after it was wanted again`);
  expect(ms < 15_000, `full size came back only after ${ms} ms`);
}
