// axe-core looks at what is shown in each state, light and dark, on a phone and in Chinese.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from '../lib/tab.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SERIOUS = ['serious', 'critical'];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const DEVICES = {
  light: {},
  dark: { colorScheme: 'dark' },
  phone: PHONE,
  chinese: { ...PHONE, locale: 'zh-CN', colorScheme: 'dark' },
};

export default async function (world) {
  let rules = 0;
  const look = async (tab, where) => {
    await tab.page.evaluate(AXE);
    const found = await tab.page.evaluate(() => globalThis.axe.run(document));
    rules += found.passes.length;
    const grave = found.violations.filter(({ impact }) => SERIOUS.includes(impact));
    const told = grave.map(({ id, nodes }) => `${id} (${nodes.map(({ target }) => target.join(' ')).join(', ')})`);
    expect(told.length === 0, `${where}: ${told.join('; ')}`);
  };
  await world.join('Other');
  for (const [name, device] of Object.entries(DEVICES)) {
    const tab = await world.open(name, { device });
    await look(tab, `the lobby, ${name}`);
    await world.photograph(tab, `lobby-${name}`);
    await tab.join();
    await tab.sees('Other');
    await tab.hasMediaOf('Other');
    await look(tab, `the call, ${name}`);
    await world.photograph(tab, `call-${name}`);
    for (const [button, dialog] of [['.tile .details', 'details'], ['#invite', 'invitation']]) {
      await tab.page.locator(button).first().focus();
      await tab.page.keyboard.press('Enter');
      await tab.page.locator(`#${dialog}`).waitFor();
      await tab.page.waitForTimeout(1200);
      await look(tab, `${dialog}, ${name}`);
      await tab.page.keyboard.press('Escape');
    }
    await tab.page.click('#hand');
    await tab.page.click('#view');
    await tab.page.click('#chat-open');
    await tab.page.fill('#chat textarea', 'Hello');
    await tab.page.keyboard.press('Enter');
    await tab.page.locator('.log .own').waitFor();
    await look(tab, `the chat, ${name}`);
    await world.photograph(tab, `chat-${name}`);
    await tab.page.keyboard.press('Escape');
    await tab.page.click('#settings-open');
    await look(tab, `the settings, ${name}`);
    await world.photograph(tab, `settings-${name}`);
    await tab.close();
  }
  const explained = await world.open('explained');
  for (const language of ['en', 'zh']) {
    await explained.page.goto(new URL(`/trust/${language}`, world.server.url).href);
    await look(explained, `the page that explains, ${language}`);
  }
  world.remark(`${rules} rules held`);
}
