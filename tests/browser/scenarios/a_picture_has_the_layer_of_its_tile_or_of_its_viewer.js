// A camera's picture is sent in three sizes. A small tile gets a small one, and whoever chose gets what they chose.

import { expect } from '../lib/tab.js';

const PICTURE = '960x540@8';

export default async function (world) {
  const ada = await world.open('Ada', { picture: PICTURE });
  await ada.join();
  const bertrand = await world.open('Bertrand', { device: { viewport: { width: 1280, height: 800 } } });
  await bertrand.join();
  await bertrand.hasMediaOf('Ada');
  const seesWidth = (width) =>
    bertrand.until(`sees Ada ${width} wide`, async () => (await bertrand.received('Ada')).width === width, 40_000);
  // Alone with her on a wide stage her tile is large.
  await bertrand.page.keyboard.press('g');
  await seesWidth(960);

  await bertrand.tile('Ada').hover();
  await bertrand.tile('Ada').getByRole('button', { name: 'About Ada' }).click();
  const about = bertrand.page.locator('#details');
  await about.getByText('3 of 3').waitFor();
  await about.getByText(/^960 × 540, \d+ a second, \d+ kbit/).waitFor();
  await about.locator('select').selectOption('Low');
  await seesWidth(240);
  await about.getByText('1 of 3').waitFor();
  await world.photograph(bertrand, 'low');
  await about.locator('select').selectOption('Medium');
  await seesWidth(480);
  await about.locator('select').selectOption('By the size of the tile');
  await seesWidth(960);
  await bertrand.page.keyboard.press('Escape');

  await bertrand.page.setViewportSize({ width: 390, height: 420 });
  await bertrand.page.keyboard.press('g');
  await seesWidth(240);

  // Ada sees which sizes leave: the two that nobody gets rest after a while.
  await ada.tile('Ada (you)').hover();
  await ada.tile('Ada (you)').getByRole('button', { name: 'About Ada' }).click();
  await ada.until('sees that two sizes rest', async () =>
    (await ada.page.locator('#details dd').allTextContents()).filter((text) => text === 'rests').length === 2,
  );
  expect((await ada.page.locator('#details select').isVisible()) === false, 'Ada can choose what she sees of herself');
}
