// Firefox joins, publishes and subscribes as Chromium does: sound, pictures in three sizes, messages, a shared screen.

import { expect } from '../lib/tab.js';

const PICTURE = '960x540@8';

export default async function (world) {
  const ada = await world.openFirefox('Ada', { picture: PICTURE });
  await ada.join();
  const [bertrand] = await world.join('Bertrand');
  await ada.sees('Bertrand');
  await bertrand.sees('Ada');
  await bertrand.hasMediaOf('Ada');
  await ada.hasMediaOf('Bertrand');
  await ada.paints('Bertrand');

  await bertrand.page.keyboard.press('g');
  await bertrand.tile('Ada').hover();
  await bertrand.tile('Ada').getByRole('button', { name: 'About Ada' }).click();
  for (const [quality, width] of [['High', 960], ['Low', 240], ['Medium', 480]]) {
    await bertrand.page.selectOption('#details select', quality);
    await bertrand.until(`sees Ada ${width} wide`, async () => (await bertrand.received('Ada')).width === width, 30_000);
  }
  await bertrand.page.keyboard.press('Escape');

  await write(ada, 'from Firefox');
  await reads(bertrand, 'from Firefox');
  await write(bertrand, 'from Chromium');
  await reads(ada, 'from Chromium');
  await ada.page.click('#hand');
  await bertrand.tileIs('Ada', 'hand', 'yes');

  await ada.page.click('#microphone');
  await bertrand.tileIs('Ada', 'audio', 'muted');
  await ada.page.click('#camera');
  await bertrand.tileIs('Ada', 'video', 'muted');
  await ada.page.click('#camera');
  await bertrand.tileIs('Ada', 'video', 'on');

  // Chromium's screen to Firefox: headless Firefox has none of its own to share.
  await bertrand.page.click('#screen');
  await ada.until('sees the screen', () => ada.page.evaluate(() => parlor.people.some((person) => person.screen)));
  await ada.until('decodes the screen', async () =>
    (await ada.page.evaluate(() => parlor.statistics())).some((it) => /screen/.test(it.name) && it.framesDecoded > 5),
  );
  world.remark(await ada.page.evaluate(() => navigator.userAgent.split(' ').at(-1)));
  // Pictures of the page are taken with a style of the driver's own, which our policy refuses, as it should.
  expect(ada.complaints.length === 0, ada.complaints.join('; '));
  await world.photograph(ada, 'firefox');
  await ada.leave();
  await bertrand.until('is alone', async () => (await bertrand.others()).every((name) => name !== 'Ada'));
}

async function write(tab, text) {
  if (await tab.page.locator('#chat').isHidden()) await tab.page.click('#chat-open');
  await tab.page.fill('#chat textarea', text);
  await tab.page.press('#chat textarea', 'Enter');
}

async function reads(tab, text) {
  await tab.until(`reads “${text}”`, async () =>
    (await tab.page.locator('.log .other .text').allTextContents()).includes(text),
  );
}
