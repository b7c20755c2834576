import { expect } from '../lib/tab.js';

const NAME = '<img src=x onerror=alert(1)>';

export default async function (world) {
  const [ada] = await world.join('Ada');
  const mallory = await world.open(NAME);
  mallory.name = 'Mallory';
  await mallory.page.fill('#name', NAME);
  await mallory.page.click('#enter');
  await mallory.isIn();
  await ada.sees(NAME);
  expect((await ada.tile(NAME).locator('.name').textContent()) === NAME, 'the name is not shown as it is');
  expect((await ada.page.locator('.tile img').count()) === 0, 'a name became an element');
}
