import { Layers } from '../lib/layers.js';
import { expect } from '../lib/tab.js';

const WIDTHS = { L3T3: [240, 480, 960], L3T3_KEY: [240, 480, 960], L2T2: [480, 960] };
const MODES = { VP9: ['L3T3', 'L3T3_KEY'], AV1: ['L2T2'] };

/** Counts frames a second. */
export const alone = true;

export default async function (world) {
  for (const [codec, modes] of Object.entries(MODES)) {
    for (const scalabilityMode of modes) {
      await world.freshRoom({ videocodec: codec.toLowerCase(), video_svc: true });
      const encodings = [{ scalabilityMode, maxBitrate: 900_000 }];
      const layers = await Layers.begin(world, {
        codec,
        encodings,
        width: 960,
        height: 540,
        subscribe: { spatial_layer: 0 },
      });
      const widths = WIDTHS[scalabilityMode];
      const highest = widths.length - 1;
      for (const spatial_layer of [0, highest, 1, 0, highest]) {
        await layers.ask({ spatial_layer });
        await layers.reaches(3, widths[spatial_layer], { spatial_layer });
      }
      const all = await layers.shows(960, {}, 4);
      await layers.ask({ temporal_layer: 0 });
      const base = await layers.shows(960, { temporal_layer: 0 }, 4);
      expect(base < all * 0.7, `${scalabilityMode}: the base layer has ${base} of ${all} frames a second`);
      await layers.ask({ temporal_layer: highest });
      await layers.shows(960, { temporal_layer: highest });
      const { lost, keyframeRequests } = await layers.seen();
      expect(lost < 10, `${lost} packets were lost`);
      const rates = `${base.toFixed(1)} of ${all.toFixed(1)} frames a second in the base layer`;
      world.remark(`${codec} ${scalabilityMode}: ${rates}, ${keyframeRequests} keyframe requests of the viewer`);
      await world.leave();
    }
  }
}
