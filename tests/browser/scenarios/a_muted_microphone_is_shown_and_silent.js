import { expect } from '../lib/tab.js';

const LISTEN_MS = 4_000;

export default async function (world) {
  const [ada, bertrand, chiara] = await world.join('Ada', 'Bertrand', 'Chiara');
  await ada.hasMediaOf('Bertrand', 'Chiara');
  const loud = await ada.receivedWithin('Bertrand', LISTEN_MS);

  await bertrand.page.click('#microphone');
  await ada.tileIs('Bertrand', 'audio', 'muted');
  await chiara.tileIs('Bertrand', 'audio', 'muted');
  expect(await ada.tile('Bertrand').locator('.muted').isVisible(), 'no badge says that Bertrand is muted');
  // What waits in Ada's jitter buffer is still heard, and on a busy machine that is more than a moment.
  await ada.until('hears the last of Bertrand', async () => {
    const { energy } = await ada.receivedWithin('Bertrand', 500);
    return energy < loud.energy / 10_000;
  });
  const [muted, other] = await Promise.all([
    ada.receivedWithin('Bertrand', LISTEN_MS),
    ada.receivedWithin('Chiara', LISTEN_MS),
  ]);
  expect(muted.energy < loud.energy / 100, `Bertrand is muted and still heard (${muted.energy} of ${loud.energy})`);
  expect(muted.rate > 5, 'muting the microphone stopped the picture');
  expect(other.energy > 0, 'muting Bertrand silenced Chiara');
  await ada.tileIs('Chiara', 'audio', 'on');
  await world.photograph(ada, 'muted');

  await bertrand.page.click('#camera');
  await ada.tileIs('Bertrand', 'video', 'muted');
  await ada.until('sees the last of Bertrand', async () => {
    const { frames } = await ada.receivedWithin('Bertrand', 500);
    return frames === 0;
  });
  const dark = await ada.receivedWithin('Bertrand', 2_000);
  expect(dark.frames === 0, `Bertrand's camera is off and ${dark.frames} frames came`);
  await world.photograph(ada, 'camera-off');

  await bertrand.page.click('#camera');
  await bertrand.page.click('#microphone');
  await ada.tileIs('Bertrand', 'audio', 'on');
  await ada.tileIs('Bertrand', 'video', 'on');
  await ada.hasMediaOf('Bertrand');
  await ada.paints('Bertrand');
}
