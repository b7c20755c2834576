import { readFileSync, readdirSync } from 'node:fs';
import { expect } from '../lib/tab.js';

const LATIN = /[A-Za-z]{3,}/;
/** What is the same in every language: names of this program and of keys, of the devices, of people and rooms. */
const KEPT = /Parlor|Esc|kbit|https?:\S+|fake_device_\d|Fake( \w+)? Audio (Input|Output)( \d)?|Demo room|Room \d+|Ada|Bo/gi;

export default async function (world) {
  const tab = await world.open('Ada', { device: { locale: 'zh-CN' } });
  const inEnglish = () =>
    tab.page.evaluate(() => {
      const texts = [document.body.innerText];
      for (const element of document.querySelectorAll('[alt], [aria-label], [placeholder], [title]'))
        for (const name of ['alt', 'aria-label', 'placeholder', 'title']) texts.push(element.getAttribute(name) ?? '');
      return texts.flatMap((text) => text.split('\n'));
    });
  const expectChinese = async (where) => {
    const left = (await inEnglish()).filter((text) => LATIN.test(text.replace(KEPT, '')));
    expect(left.length === 0, `${where} says in English: ${left.join(' | ')}`);
  };
  expect((await tab.page.evaluate(() => document.documentElement.lang)) === 'zh-Hans', 'the page says another language');
  await expectChinese('the lobby');
  await tab.join();
  await expectChinese('the call');
  await tab.page.click('#microphone');
  await tab.page.click('#camera');
  await tab.page.click('#settings-open');
  await expectChinese('the settings');
  await tab.page.keyboard.press('Escape');
  await tab.page.click('#hand');
  await tab.page.click('#chat-open');
  await expectChinese('the chat');
  await tab.page.keyboard.press('Escape');
  await tab.tile('Ada（您）').hover();
  await tab.page.click('.tile .details');
  await tab.until('has figures', async () => (await tab.page.textContent('#details dl')).includes('kbit/s'));
  await expectChinese('what is known of somebody');
  await tab.page.keyboard.press('Escape');
  await world.join('Bo');
  await tab.sees('Bo');
  await expectChinese('the call with another');
  await tab.leave();
  await tab.page.fill('#room', '999');
  await tab.page.click('#enter');
  await tab.until('explains', async () => (await tab.page.textContent('#refusal')).includes('999'));
  await expectChinese('the refusal');

  // What the program says is what the table knows: each sentence in it stands in the page's sources.
  const folder = new URL('../../../platform-linux/page/', import.meta.url);
  const read = (name) => readFileSync(new URL(name, folder), 'utf8');
  const names = readdirSync(folder).filter((name) => /\.(js|html)$/.test(name) && name !== 'chinese.js');
  const sources = names.map(read).join('\n');
  const table = read('chinese.js').match(/CHINESE = \{(.*?)\n\};/s)[1];
  const keys = [...table.matchAll(/^ {2}(?:'([^']+)'|"([^"]+)"|(\w+)):/gm)].map(([, quoted, double, bare]) => quoted ?? double ?? bare);
  const composed = /^(microphone|camera) (on|off)$|^connection (good|fair|poor)$/;
  const unused = keys.filter((key) => !sources.includes(key) && !composed.test(key));
  expect(keys.length > 60 && unused.length === 0, `nobody says: ${unused.join(' | ')}`);
}
