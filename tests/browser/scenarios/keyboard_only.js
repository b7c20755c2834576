import { expect } from '../lib/tab.js';

export default async function (world) {
  const [bertrand] = await world.join('Bertrand');
  const ada = await world.open('Ada');
  const { keyboard } = ada.page;
  const focused = () => ada.page.evaluate(() => document.activeElement.id);
  const tabTo = async (id) => {
    for (let presses = 0; presses < 20; presses++) {
      if ((await focused()) === id) return;
      await keyboard.press('Tab');
      const visible = await ada.page.evaluate(
        () => document.activeElement === document.body || document.activeElement.matches(':focus-visible'),
      );
      expect(visible, `nothing shows where the focus is after ${presses} presses`);
    }
    throw new Error(`Tab never comes to ${id}`);
  };

  // Into the room: the name is where one starts, Enter joins.
  await ada.until('starts in the name field', async () => (await focused()) === 'name');
  await keyboard.type('Ada m v s');
  await keyboard.press('Enter');
  await ada.isIn();
  ada.name = 'Ada m v s';
  await bertrand.sees('Ada m v s');
  await bertrand.hasMediaOf('Ada m v s');

  // The keys of the call.
  await keyboard.press('m');
  await bertrand.tileIs('Ada m v s', 'audio', 'muted');
  await keyboard.press('m');
  await bertrand.tileIs('Ada m v s', 'audio', 'on');
  await keyboard.press('v');
  await bertrand.tileIs('Ada m v s', 'video', 'muted');
  await keyboard.press('v');
  await bertrand.tileIs('Ada m v s', 'video', 'on');

  // Every control has a name and is reached by Tab; the settings open, close by Escape and give the focus back.
  const nameless = await ada.page.evaluate(
    () =>
      [...document.querySelectorAll('#call button')].filter(
        (button) => !(button.getAttribute('aria-label') || button.textContent.trim()),
      ).length,
  );
  expect(nameless === 0, `${nameless} buttons have no name`);
  for (const id of ['camera', 'screen', 'settings-open']) await tabTo(id);
  await keyboard.press('Enter');
  expect(await ada.page.locator('#settings').isVisible(), 'Enter does not open the settings');
  await keyboard.press('m');
  await keyboard.press('Escape');
  expect(!(await ada.page.locator('#settings').isVisible()), 'Escape does not close the settings');
  expect((await focused()) === 'settings-open', 'the focus is lost with the settings');
  await bertrand.tileIs('Ada m v s', 'audio', 'on');

  await tabTo('leave');
  await keyboard.press('Enter');
  await bertrand.sees();
  await ada.until('is back in the lobby, on Join', async () => (await focused()) === 'enter');
}
