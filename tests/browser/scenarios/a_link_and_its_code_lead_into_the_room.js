// What the page gives to pass on: a link, and a code that another program reads as the same link.

import { createRequire } from 'node:module';
import { expect } from '../lib/tab.js';

const jsqr = createRequire(import.meta.url)('jsqr');

export default async function (world) {
  const [ada] = await world.join('Ada');
  await ada.page.click('#invite');
  const dialog = ada.page.locator('#invitation');
  await dialog.locator('img').waitFor();
  await world.photograph(ada, 'invitation');
  const link = await dialog.locator('input').inputValue();
  expect(link === world.address({ room: world.room }), `the link is ${link}`);
  const { data, width, height } = await dialog.locator('img').evaluate((image) => {
    const canvas = new OffscreenCanvas(464, 464);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return { data: [...context.getImageData(0, 0, 464, 464).data], width: 464, height: 464 };
  });
  const code = jsqr(Uint8ClampedArray.from(data), width, height);
  expect(code?.data === link, `the code says ${code?.data}, not ${link}`);

  await ada.context.grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone']);
  await dialog.getByRole('button', { name: 'Copy link' }).click();
  await dialog.getByText('The link is copied.').waitFor();
  const copied = await ada.page.evaluate(() => navigator.clipboard.readText());
  expect(copied === link, `copied is ${copied}`);
  await ada.page.keyboard.press('Escape');

  const bertrand = await world.open('Bertrand');
  await bertrand.page.goto(link);
  await bertrand.join();
  await ada.sees('Bertrand');
}
