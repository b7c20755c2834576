import { expect } from '../lib/tab.js';

export default async function (world) {
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  await ada.sees('Bertrand');
  await bertrand.page.keyboard.press('h');
  await ada.tileIs('Bertrand', 'hand', 'yes');
  const label = await ada.tile('Bertrand').getAttribute('aria-label');
  expect(label.includes('hand raised'), `the tile is called ${label}`);
  expect((await ada.page.textContent('#banner')) === 'Bertrand raises a hand.', 'nothing says whose hand it is');
  expect((await bertrand.page.getAttribute('#hand', 'aria-pressed')) === 'true', 'the button does not tell');

  // Who only listens sees hands and raises one, too.
  const lena = await world.open('Lena', { hasDevices: false });
  await lena.join();
  await lena.tileIs('Bertrand', 'hand', 'yes');
  await lena.page.click('#hand');
  await ada.tileIs('Lena', 'hand', 'yes');
  await world.photograph(ada, 'hands');

  await bertrand.page.click('#hand');
  await ada.tileIs('Bertrand', 'hand', 'no');
  await lena.tileIs('Bertrand', 'hand', 'no');
}
