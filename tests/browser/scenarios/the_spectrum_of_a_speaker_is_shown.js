import { expect } from '../lib/tab.js';

// How tall the bars of somebody's spectrum are, in percent; nothing while it is hidden.
function bars(tab, name) {
  return tab.tile(name).locator('.spectrum:not([hidden]) i').evaluateAll((found) => {
    return found.map((bar) => parseInt(bar.style.height, 10));
  });
}

export default async function (world) {
  await world.freshRoom({ audio_spectrum_event: true });
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  await ada.hasMediaOf('Bertrand');
  // The microphones here beep twice a second.
  await ada.until('sees how Bertrand sounds', async () => {
    const heights = await bars(ada, 'Bertrand');
    return heights.length === 16 && Math.max(...heights) > 30;
  });
  await world.photograph(ada, 'spectrum');
  await bertrand.page.click('#microphone');
  await ada.tileIs('Bertrand', 'audio', 'muted');
  await ada.until('sees that Bertrand is silent', async () => (await bars(ada, 'Bertrand')).length === 0);

  await world.freshRoom();
  const [chiara, dario] = await world.join('Chiara', 'Dario');
  await chiara.hasMediaOf('Dario');
  await chiara.page.waitForTimeout(3_000);
  expect((await bars(chiara, 'Dario')).length === 0, 'a spectrum in a room that did not ask for one');
  expect((await bars(dario, 'Chiara')).length === 0, 'a spectrum in a room that did not ask for one');
}
