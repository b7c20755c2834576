import { expect } from '../lib/tab.js';

export default async function (world) {
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  await ada.hasMediaOf('Bertrand');
  const says = (tab, text) => tab.until(`says “${text}”`, async () => (await tab.page.textContent('#recording')) === text);
  await says(ada, '');

  await world.ask({ request: 'enable_recording', room: world.room, record: true });
  for (const tab of [ada, bertrand]) await says(tab, 'You are recorded');
  await ada.tileIs('Bertrand', 'recorded', 'yes');
  expect((await ada.tile('Bertrand').getAttribute('aria-label')).includes('is recorded'), 'the tile does not say it');

  // Who comes later is told as soon as they are in, and of themselves when they are recorded.
  const lena = await world.open('Lena', { hasDevices: false });
  await lena.join();
  await says(lena, 'Recording');
  const [chiara] = await world.join('Chiara');
  await says(chiara, 'You are recorded');
  await world.photograph(chiara, 'recording');

  await world.ask({ request: 'enable_recording', room: world.room, record: false });
  for (const tab of [ada, bertrand, lena, chiara]) await says(tab, '');
  await ada.tileIs('Bertrand', 'recorded', 'no');
}
