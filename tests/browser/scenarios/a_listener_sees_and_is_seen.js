import { expect } from '../lib/tab.js';

export default async function (world) {
  const [ada] = await world.join('Ada');
  const lena = await world.open('Lena');
  // Both devices off before anything is sent: nothing is published at all.
  await lena.page.click('#lobby-microphone');
  await lena.page.click('#lobby-camera');
  await lena.join();
  await lena.hasMediaOf('Ada');
  await lena.paints('Ada');
  await ada.sees('Lena');
  await ada.tileIs('Lena', 'video', 'muted').catch(() => ada.tileIs('Lena', 'video', 'none'));
  expect((await ada.received('Lena')).frames === 0, 'a picture came from somebody whose camera is off');
  await world.photograph(ada, 'listener');

  await lena.page.click('#camera');
  await lena.page.click('#microphone');
  await ada.hasMediaOf('Lena');
  await ada.paints('Lena');
}
