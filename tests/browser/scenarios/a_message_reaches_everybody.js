// The chat goes by data channels: to all who are there, from who has no device, too, and never as HTML.

import { expect } from '../lib/tab.js';

const HOSTILE = '<img src=x onerror=alert(1)> & "you"\nsecond line';

export default async function (world) {
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  const lena = await world.open('Lena', { hasDevices: false });
  await lena.join();
  const tabs = [ada, bertrand, lena];
  for (const tab of tabs) await tab.sees(...tabs.filter((it) => it !== tab).map(({ name }) => name));

  await ada.page.keyboard.press('c');
  await write(ada, HOSTILE);
  for (const tab of [bertrand, lena]) {
    await tab.until('is told of one new message', () => isUnread(tab, '1'));
    await tab.page.click('#chat-open');
    await reads(tab, 'Ada', HOSTILE);
    expect((await tab.page.locator('#chat .count').count()) === 0, 'a count is in the panel');
    expect((await tab.page.locator('.log img').count()) === 0, 'a message became an element');
  }
  // Who publishes nothing gets a channel by writing; the first message must not be lost.
  await write(lena, 'I only listen');
  for (const tab of [ada, bertrand]) await reads(tab, 'Lena', 'I only listen');
  await write(bertrand, 'Good');
  for (const tab of [ada, lena]) await reads(tab, 'Bertrand', 'Good');
  await world.photograph(ada, 'chat');

  const late = await world.open('Late');
  await late.join();
  await late.hasMediaOf('Ada');
  await late.page.click('#chat-open');
  expect((await late.page.locator('.log p').count()) === 0, 'who comes late reads what was written before');
  await write(ada, 'Welcome');
  await reads(late, 'Ada', 'Welcome');
  await ada.page.keyboard.press('Escape');
  await ada.until('is back at the button', () =>
    ada.page.evaluate(() => document.activeElement.id === 'chat-open' && document.getElementById('chat').hidden),
  );
}

async function write(tab, text) {
  const field = tab.page.locator('#chat textarea');
  await field.fill(text);
  await field.press('Enter');
  await tab.until('sees that it was sent', async () =>
    (await tab.page.locator('.log .own .text').allTextContents()).includes(text),
  );
}

function reads(tab, author, text) {
  return tab.until(`reads what ${author} wrote`, async () => {
    const message = tab.page.locator('.log .other').last();
    const [name, said] = [message.locator('span bdi'), message.locator('.text')];
    return (await name.textContent()) === author && (await said.textContent()) === text;
  });
}

async function isUnread(tab, count) {
  const button = tab.page.locator('#chat-open');
  const label = await button.getAttribute('aria-label');
  return (await button.locator('.count').textContent()) === count && label === `Chat, ${count} new`;
}
