import { expect } from '../lib/tab.js';

export default async function (world) {
  await talks(world, {});
  // Where the server tells who has the floor, it is asked.
  await world.freshRoom({ dominant_speaker_event: true, audiolevel_ext: true });
  await talks(world, {});
}

async function talks(world) {
  const [ada, bertrand, chiara] = await world.joinWith({ speaks: true }, 'Ada', 'Bertrand', 'Chiara');
  await ada.hasMediaOf('Bertrand', 'Chiara');
  await ada.page.keyboard.press('m');
  await ada.page.keyboard.press('g');
  expect((await ada.page.getAttribute('#view', 'aria-pressed')) === 'true', 'the button does not tell');

  const frames = async (name) => (await ada.received(name)).frames;
  for (const [speaker, silent] of [[bertrand, chiara], [chiara, bertrand]]) {
    if ((await speaker.page.getAttribute('#microphone', 'aria-pressed')) === 'false') await speaker.page.click('#microphone');
    if ((await silent.page.getAttribute('#microphone', 'aria-pressed')) === 'true') await silent.page.click('#microphone');
    await ada.tileIs(speaker.name, 'large', 'yes');
    await ada.tileIs(silent.name, 'large', 'no');
    await ada.until(`shows ${speaker.name} larger`, async () => {
      const [large, small] = [await ada.tile(speaker.name).boundingBox(), await ada.tile(silent.name).boundingBox()];
      return large.width > 2 * small.width;
    });
    // Nobody's picture stops because tiles change their places.
    const before = [await frames('Bertrand'), await frames('Chiara')];
    await ada.until('still sees both', async () =>
      (await frames('Bertrand')) > before[0] + 5 && (await frames('Chiara')) > before[1] + 5,
    );
    await ada.paints(silent.name);
  }

  // Chiara speaks, but Bertrand is pinned; in the grid, too.
  await ada.tile('Bertrand').hover();
  await ada.tile('Bertrand').getByRole('button', { name: 'Pin Bertrand' }).click();
  await ada.tileIs('Bertrand', 'large', 'yes');
  await ada.tileIs('Chiara', 'large', 'no');
  await ada.tileIs('Chiara', 'speaking', 'yes');
  await ada.page.keyboard.press('g');
  await ada.tileIs('Bertrand', 'large', 'yes');
  await world.photograph(ada, 'pinned');
  await ada.tile('Bertrand').getByRole('button', { name: 'Unpin Bertrand' }).click();
  await ada.tileIs('Bertrand', 'large', 'no');
  await world.leave();
}
