import { expect } from '../lib/tab.js';

export default async function (world) {
  await world.freshRoom({ pin: 'sesame' });
  const ada = await world.open('Ada');
  const refusal = ada.page.locator('#refusal');
  await ada.page.fill('#name', 'Ada');
  await ada.page.click('#enter');
  await ada.until('is asked for the PIN', async () => /asks for a PIN/.test(await refusal.textContent()));
  await ada.page.fill('#pin', 'wrong');
  await ada.page.click('#enter');
  await ada.until('is told that the PIN is wrong', async () => /not the PIN/.test(await refusal.textContent()));
  await world.photograph(ada, 'refused');
  await ada.page.fill('#pin', 'sesame');
  await ada.page.click('#enter');
  await ada.isIn();

  const lost = await world.open('Lost');
  await lost.page.fill('#name', 'Lost');
  await lost.page.fill('#room', '987654321');
  await lost.page.click('#enter');
  await lost.until('is told that the room is missing', async () =>
    /no room/.test(await lost.page.locator('#refusal').textContent()),
  );
  expect(await lost.page.locator('#lobby').isVisible(), 'Lost is not in the lobby any more');
}
