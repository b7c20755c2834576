import { expect } from '../lib/tab.js';

const CODECS = { vp8: 'video/VP8', vp9: 'video/VP9', h264: 'video/H264', av1: 'video/AV1' };
const MUST = ['vp8', 'vp9', 'av1'];
/** Some encoders take a whole core: this proves decoding, not speed. */
const LEAST_FRAMES_PER_SECOND = 4;

/** Counts frames a second. */
export const alone = true;

export default async function (world) {
  const missing = [];
  for (const [codec, mimeType] of Object.entries(CODECS)) {
    await world.freshRoom({ videocodec: codec });
    const ada = await world.open('Ada', { codec });
    const canEncode = await ada.page.evaluate(
      (mimeType) => RTCRtpSender.getCapabilities('video').codecs.some((codec) => codec.mimeType === mimeType),
      mimeType,
    );
    if (!canEncode) {
      expect(!MUST.includes(codec), `this Chromium cannot encode ${codec}`);
      missing.push(codec);
      await ada.close();
      continue;
    }
    const bertrand = await world.open('Bertrand', { codec });
    await ada.join();
    await bertrand.join();
    for (const [tab, name] of [
      [ada, 'Bertrand'],
      [bertrand, 'Ada'],
    ]) {
      await tab.hasMediaOf(name);
      await tab.paints(name);
      const { rate, codec: received } = await tab.receivedWithin(name, 4_000);
      expect(received === mimeType, `${tab.name} decodes ${received}, not ${mimeType}`);
      expect(rate >= LEAST_FRAMES_PER_SECOND, `${codec}: only ${rate.toFixed(1)} frames a second`);
    }
    await world.leave();
  }
  if (missing.length) world.remark(`this Chromium cannot encode ${missing.join(', ')}`);
}
