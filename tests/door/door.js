// The proofs of tests/door/run, one after the other on the same machines.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from '../browser/lib/tab.js';
import { gapsWhile } from './gaps.js';
import { HOST, Machine, URL_OF_PAGE, fails, folder, ip, photograph, prove, trustIn, until } from './machines.js';

/** Addresses that the box gets later. */
const ADDED = '10.79.0.9';
const REPLACING = '10.79.0.10';
/** The longest that a call may stand still: while it has nothing to notice, and while the way that it takes goes. */
const STEADY_MS = 1_500;
const MOVED_MS = 10_000;
/** Some time of the call before and after a change. */
const AROUND_MS = 3_000;
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

const box = new Machine('box', '10.79.0.1');
const phone = new Machine('phone', '10.79.0.2');
const laptop = new Machine('laptop', '10.79.0.3');
const other = new Machine('other', '10.79.0.4');
const clock = join(folder, 'clock');
const home = join(folder, 'home');
let tabs = [];

/** A Parlor as anybody has it, on a machine whose clock stands in a file. */
function serve(machine) {
  const state = join(folder, machine.name);
  const settings = [`state.directory=${state}`, 'media.shards=1'].flatMap((setting) => ['--set', setting]);
  const clocks = [`LD_PRELOAD=${FAKETIME}`, `FAKETIME_TIMESTAMP_FILE=${clock}`, 'FAKETIME_NO_CACHE=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1', 'DONT_FAKE_MONOTONIC=1'];
  machine.start('parlor', ['env', ...clocks, process.env.PARLOR, ...settings]);
}

function fetch(path, ...words) {
  return phone.run('curl', '--silent', '--show-error', '--max-time', '10', ...words, path);
}

/** The phone's way to the page, if it trusts what was downloaded. */
function trusted(host = HOST, address = box.address) {
  return fetch(`https://${host}:8443/`, '--cacert', join(folder, 'parlor.pem'), '--resolve', `${host}:8443:${address}`);
}

/** What a foreign resolver on the phone finds. */
function resolved(host) {
  return phone.run('/usr/bin/python3', 'resolve.py', 'host', host).trim();
}

/** When the certificate that is shown ends, as openssl prints it. */
function shown() {
  const script = `openssl s_client -connect ${box.address}:8443 -servername ${HOST} </dev/null 2>/dev/null |
    openssl x509 -noout -enddate -serial`;
  return phone.run('sh', '-c', script);
}

/** Everybody's pictures and sound come to everybody else. */
async function meet() {
  for (const tab of tabs) await tab.hasMediaOf(...tabs.filter((one) => one !== tab).map((one) => one.name));
}

/** How long the call stands still while `act` does its work: a sentence, refused if it is too long for anybody. */
async function still(longest, act) {
  const gaps = await gapsWhile(tabs, async () => {
    await pause(AROUND_MS);
    await act();
    await pause(AROUND_MS);
    await meet();
  });
  const told = Object.entries(gaps).map(([what, gap]) => `${what} ${gap} ms`).join(', ');
  expect(Object.values(gaps).every((gap) => gap <= longest), `the call stood still: longest without ${told}`);
  return `longest without ${told}`;
}

/** Nobody in the call notices anything while `act` does its work. */
async function undisturbed(act) {
  const connections = () => Promise.all(tabs.map((tab) => tab.page.evaluate(() => {
    globalThis.seen ??= parlor.connections.publisher;
    return parlor.state === 'joined' && globalThis.seen === parlor.connections.publisher;
  })));
  await connections();
  const told = await still(STEADY_MS, act);
  expect((await connections()).every(Boolean), 'somebody had to come back to the call');
  return told;
}

const proofs = {
  async 'the phone knows no way out and no DNS'() {
    expect(ip('-n', phone.name, 'route', 'show', 'default') === '', 'there is a default route');
    expect(fails(() => phone.run('getent', 'hosts', 'example.com')) !== '', 'there is DNS');
  },
  async 'a foreign resolver finds the box and its service, and so does a system'() {
    await until('answered', () => resolved(HOST) === box.address);
    for (const machine of [phone, laptop]) {
      await machine.resolveNames();
      await until(`found ${HOST} on ${machine.name}`, () => machine.resolved(HOST) === box.address);
    }
    const services = phone.run('/usr/bin/python3', 'resolve.py', 'services', '_https._tcp.local').trim();
    expect(services === `Parlor._https._tcp.local. ${HOST}. 8443`, `announced is ${services}`);
  },
  async 'whoever does not trust the box yet gets the page that explains'() {
    const browser = await phone.browse(join(folder, 'stranger'));
    for (const [language, word] of [['en', 'One step'], ['zh-CN', '一步']]) {
      const context = await browser.newContext({ locale: language, viewport: { width: 390, height: 844 } });
      const page = await context.newPage();
      await page.goto(`http://${box.address}:8088/?room=1234`);
      expect((await page.textContent('h1')).includes(word), `the page says ${await page.textContent('h1')}`);
      const links = await page.locator('.links a').evaluateAll((all) => all.map((link) => link.href));
      expect(links.includes(`https://${box.address}:8443/?room=1234`), `no way to the meeting in ${links}`);
      expect(links.includes(`${URL_OF_PAGE}?room=1234`), `no name in ${links}`);
      await photograph(page, `explained-${language}`);
      for (const details of await page.locator('summary').all()) await details.click();
      await photograph(page, `explained-${language}-open`);
      const refused = await page.goto(URL_OF_PAGE).catch((error) => error.message);
      expect(String(refused).includes('ERR_CERT_AUTHORITY_INVALID'), `the stranger got ${refused}`);
      await context.close();
    }
    await browser.close();
  },
  async 'the certificate that it gives verifies the box, and its profile holds the same'() {
    expect(fails(() => trusted()) !== '', 'curl trusts whatever it gets');
    const pem = join(folder, 'parlor.pem');
    const there = `http://${box.address}:8088/trust/parlor`;
    fetch(`${there}.pem`, '--output', pem);
    fetch(`${there}.crt`, '--output', join(folder, 'parlor.crt'));
    const openssl = ['x509', '-noout', '-fingerprint', '-sha256'];
    const digest = (...words) => execFileSync('openssl', [...openssl, ...words]).toString();
    expect(digest('-in', pem) === digest('-inform', 'DER', '-in', join(folder, 'parlor.crt')), 'PEM and DER differ');
    const profile = fetch(`${there}.mobileconfig`);
    const content = Buffer.from(profile.match(/<data>(.*)<\/data>/)[1], 'base64');
    expect(content.equals(readFileSync(join(folder, 'parlor.crt'))), 'the profile holds another certificate');
    for (const host of [HOST, box.address]) expect(trusted(host).includes('</html>'), `${host} has no page`);
    const verified = phone.run('sh', '-c', `openssl s_client -connect ${box.address}:8443 -CAfile ${pem} \
      -verify_hostname ${HOST} -verify_return_error -purpose sslserver </dev/null 2>&1`);
    expect(verified.includes('Verify return code: 0 (ok)'), verified);
    expect(fails(() => trusted('bank.example')) !== '', 'the box is taken for a bank');
  },
  async 'two people whose devices trust it meet by its name'() {
    trustIn(home, join(folder, 'parlor.pem'));
    for (const [machine, name] of [[phone, 'Ada'], [laptop, 'Bertrand']]) {
      await machine.browse(home);
      const tab = await machine.open(name);
      expect(await tab.page.evaluate(() => isSecureContext), 'the page is not secure');
      tabs.push(tab);
    }
    for (const tab of tabs) await tab.join();
    await meet();
    await photograph(tabs[0].page, 'call');
  },
  async 'an address more disturbs nobody'() {
    return undisturbed(async () => {
      expect(fails(() => trusted(ADDED, ADDED)) !== '', 'the second address is there already');
      box.take(ADDED);
      await until('shown for the second address', () => fails(() => trusted(ADDED, ADDED)) === '');
    });
  },
  async 'neither does a certificate that is renewed, or one made anew as the clock was wrong'() {
    const told = [];
    try {
      for (const [days, isGoodToday] of [[370, false], [0, true]]) {
        const before = shown();
        told.push(await undisturbed(async () => {
          writeFileSync(clock, `+${days}d`);
          await until('renewed', () => shown() !== before);
        }));
        expect((fails(() => trusted()) === '') === isGoodToday, `after ${days} days: ${shown()}`);
      }
    } finally {
      writeFileSync(clock, '+0d');
    }
    await (await laptop.open('Chiara')).context.close();
    return told.join('\n');
  },
  async 'where the very address that the call runs over is replaced, the call goes on by itself'() {
    // A page that is reloaded forgets this.
    await Promise.all(tabs.map((tab) => tab.page.evaluate(() => (globalThis.before = parlor.connections))));
    const isBack = (tab) => tab.page.evaluate(() =>
      parlor.state === 'joined' && parlor.people.length === 1 && parlor.connections.publisher !== globalThis.before.publisher);
    box.lose(ADDED);
    const told = await still(MOVED_MS, async () => {
      box.lose(box.address);
      box.address = REPLACING;
      box.take(box.address);
      for (const tab of tabs) await tab.until('came back', () => isBack(tab));
    });
    expect(fails(() => trusted(REPLACING)) === '', 'the certificate is not for the new address');
    for (const tab of tabs) await tab.context.close();
    return told;
  },
  async 'another box with the name taken is called otherwise, and its certificate follows'() {
    serve(other);
    const name = 'parlor-2.local';
    await until(`answered for ${name}`, () => resolved(name) === other.address, 60_000);
    const first = resolved(HOST).split('\n');
    expect(first.includes(box.address) && !first.includes(other.address), `${HOST} is ${first} now`);
    fetch(`http://${other.address}:8088/trust/parlor.pem`, '--output', join(folder, 'parlor.pem'));
    await until('certified', () => fails(() => trusted(name, other.address)) === '');
    expect(fails(() => trusted(HOST, other.address)) !== '', 'it is certified for the name of the other');
  },
};

writeFileSync(clock, '+0d');
serve(box);
await until('served', () => fails(() => fetch(`http://${box.address}:8088/`)) === '');
process.exitCode = await prove(proofs);
