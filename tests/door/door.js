// The proofs of tests/door/run, one after the other on the same machines.

import { execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tab, expect } from '../browser/lib/tab.js';

const { chromium } = createRequire(new URL('../browser/', import.meta.url))('playwright-core');

const BOX = { name: 'doorbox', address: '10.79.0.1' };
const PHONE = { name: 'doorphone', address: '10.79.0.2' };
const OTHER = { name: 'doorother', address: '10.79.0.3' };
const LATER = '10.79.0.9';
const HOST = 'parlor.local';
const URL_OF_PAGE = `https://${HOST}:8443/`;
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--use-fake-device-for-media-stream=fps=15',
  '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking',
  `--host-resolver-rules=MAP ${HOST} ${BOX.address}`];

const output = new URL('../../target/door/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'parlor-door-'));
const clock = join(folder, 'clock');
const children = [];
const browsers = [];

const ip = (...words) => execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const within = ({ name }, ...words) => ip('netns', 'exec', name, ...words);
const fails = (act) => {
  try {
    act();
    return '';
  } catch (error) {
    return String(error.stderr || error.message);
  }
};

/** Three machines on one bridge, which leads nowhere else. */
function build() {
  for (const { name } of [BOX, PHONE, OTHER]) ip('netns', 'add', name);
  ip('-n', BOX.name, 'link', 'add', 'lan', 'type', 'bridge');
  for (const machine of [PHONE, OTHER]) {
    ip('-n', BOX.name, 'link', 'add', machine.name, 'type', 'veth', 'peer', 'name', 'lan', 'netns', machine.name);
    ip('-n', BOX.name, 'link', 'set', machine.name, 'master', 'lan', 'up');
  }
  for (const { name, address } of [BOX, PHONE, OTHER]) {
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'lan');
    for (const device of ['lo', 'lan']) ip('-n', name, 'link', 'set', device, 'up');
  }
}

/** A Parlor as anybody has it, on a machine whose clock stands in a file. */
function serve({ name }) {
  const state = join(folder, name);
  const settings = [`state.directory=${state}`, 'media.shards=1'].flatMap((setting) => ['--set', setting]);
  const clocks = [`LD_PRELOAD=${FAKETIME}`, `FAKETIME_TIMESTAMP_FILE=${clock}`, 'FAKETIME_NO_CACHE=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1', 'DONT_FAKE_MONOTONIC=1'];
  const child = spawn('ip', ['netns', 'exec', name, 'env', ...clocks, process.env.PARLOR, ...settings]);
  const log = createWriteStream(new URL(`${name}.log`, output));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  children.push(child);
}

function fetch(path, ...words) {
  return within(PHONE, 'curl', '--silent', '--show-error', '--max-time', '10', ...words, path);
}

/** The phone's way to the page, if it trusts what was downloaded. */
function trusted(host = HOST, address = BOX.address) {
  return fetch(`https://${host}:8443/`, '--cacert', join(folder, 'parlor.pem'), '--resolve', `${host}:8443:${address}`);
}

/** What a foreign resolver on the phone finds. */
function resolved(host) {
  return within(PHONE, '/usr/bin/python3', 'resolve.py', 'host', host).trim();
}

/** When the certificate that is shown ends, as openssl prints it. */
function shown() {
  const script = `openssl s_client -connect ${BOX.address}:8443 -servername ${HOST} </dev/null 2>/dev/null |
    openssl x509 -noout -enddate -serial`;
  return within(PHONE, 'sh', '-c', script);
}

async function open(home) {
  const executablePath = join(folder, 'chromium');
  const script = `#!/bin/sh\nexec ip netns exec ${PHONE.name} ${process.env.CHROMIUM ?? '/usr/bin/chromium'} "$@"\n`;
  writeFileSync(executablePath, script, { mode: 0o755 });
  const browser = await chromium.launch({ executablePath, args: FLAGS, env: { ...process.env, HOME: home } });
  browsers.push(browser);
  return browser;
}

async function photograph(page, name) {
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, output)) });
}

async function until(what, condition, patience = 30_000) {
  const end = Date.now() + patience;
  while (Date.now() < end) {
    if (await condition()) return;
    await pause(300);
  }
  throw new Error(`never ${what}`);
}

/** Nobody in the call notices anything while `act` does its work. */
async function undisturbed(tabs, act) {
  const connections = () => Promise.all(tabs.map((tab) => tab.page.evaluate(() => {
    globalThis.seen ??= parlor.connections.publisher;
    return parlor.state === 'joined' && globalThis.seen === parlor.connections.publisher;
  })));
  await connections();
  await act();
  expect((await connections()).every(Boolean), 'somebody had to come back to the call');
  for (const tab of tabs) await tab.hasMediaOf(...tabs.filter((other) => other !== tab).map((other) => other.name));
  expect((await connections()).every(Boolean), 'somebody had to come back to the call');
}

const proofs = {
  async 'the phone knows no way out and no DNS'() {
    expect(ip('-n', PHONE.name, 'route', 'show', 'default') === '', 'there is a default route');
    expect(fails(() => within(PHONE, 'getent', 'hosts', 'example.com')) !== '', 'there is DNS');
  },
  async 'a foreign resolver finds the box and its service'() {
    await until('answered', () => resolved(HOST) === BOX.address);
    const services = within(PHONE, '/usr/bin/python3', 'resolve.py', 'services', '_https._tcp.local').trim();
    expect(services === `Parlor._https._tcp.local. ${HOST}. 8443`, `announced is ${services}`);
  },
  async 'whoever does not trust the box yet gets the page that explains'() {
    const browser = await open(join(folder, 'stranger'));
    for (const [language, word] of [['en', 'One step'], ['zh-CN', '一步']]) {
      const context = await browser.newContext({ locale: language, viewport: { width: 390, height: 844 } });
      const page = await context.newPage();
      await page.goto(`http://${BOX.address}:8088/?room=1234`);
      expect((await page.textContent('h1')).includes(word), `the page says ${await page.textContent('h1')}`);
      const links = await page.locator('.links a').evaluateAll((all) => all.map((link) => link.href));
      expect(links.includes(`https://${BOX.address}:8443/?room=1234`), `no way to the meeting in ${links}`);
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
    const there = `http://${BOX.address}:8088/trust/parlor`;
    fetch(`${there}.pem`, '--output', pem);
    fetch(`${there}.crt`, '--output', join(folder, 'parlor.crt'));
    const openssl = ['x509', '-noout', '-fingerprint', '-sha256'];
    const digest = (...words) => execFileSync('openssl', [...openssl, ...words]).toString();
    expect(digest('-in', pem) === digest('-inform', 'DER', '-in', join(folder, 'parlor.crt')), 'PEM and DER differ');
    const profile = fetch(`${there}.mobileconfig`);
    const content = Buffer.from(profile.match(/<data>(.*)<\/data>/)[1], 'base64');
    expect(content.equals(readFileSync(join(folder, 'parlor.crt'))), 'the profile holds another certificate');
    for (const host of [HOST, BOX.address]) expect(trusted(host).includes('</html>'), `${host} has no page`);
    const verified = within(PHONE, 'sh', '-c', `openssl s_client -connect ${BOX.address}:8443 -CAfile ${pem} \
      -verify_hostname ${HOST} -verify_return_error -purpose sslserver </dev/null 2>&1`);
    expect(verified.includes('Verify return code: 0 (ok)'), verified);
    expect(fails(() => trusted('bank.example')) !== '', 'the box is taken for a bank');
  },
  async 'Chromium that trusts it joins by its name, and changes of the certificate disturb nobody'() {
    const home = join(folder, 'home');
    const store = join(home, '.pki/nssdb');
    mkdirSync(store, { recursive: true });
    const certutil = (...words) => execFileSync('certutil', ['-d', `sql:${store}`, ...words]);
    certutil('-N', '--empty-password');
    certutil('-A', '-t', 'C,,', '-n', 'Parlor', '-i', join(folder, 'parlor.pem'));
    const browser = await open(home);
    const tabs = [];
    for (const name of ['Ada', 'Bertrand']) {
      const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
      const tab = new Tab(name, context, await context.newPage());
      await tab.page.goto(`${URL_OF_PAGE}?video=320x240@15`);
      expect(await tab.page.evaluate(() => isSecureContext), 'the page is not secure');
      tabs.push(tab);
    }
    for (const tab of tabs) await tab.join();
    for (const tab of tabs) await tab.hasMediaOf(...tabs.filter((other) => other !== tab).map((other) => other.name));
    await photograph(tabs[0].page, 'call');

    await undisturbed(tabs, async () => {
      expect(fails(() => trusted(LATER, LATER)) !== '', 'the second address is there already');
      ip('-n', BOX.name, 'address', 'add', `${LATER}/24`, 'dev', 'lan');
      await until('shown for the second address', () => fails(() => trusted(LATER, LATER)) === '');
    });
    // Time to renew; then the clock is found to have been wrong.
    for (const [days, isGoodToday] of [[370, false], [0, true]]) {
      const before = shown();
      await undisturbed(tabs, async () => {
        writeFileSync(clock, `+${days}d`);
        await until('renewed', () => shown() !== before);
      });
      expect((fails(() => trusted()) === '') === isGoodToday, `after ${days} days: ${shown()}`);
    }
    const third = await browser.newPage();
    await third.goto(URL_OF_PAGE);
    await browser.close();
  },
  async 'another box with the name taken is called otherwise, and its certificate follows'() {
    serve(OTHER);
    const name = 'parlor-2.local';
    await until(`answered for ${name}`, () => resolved(name) === OTHER.address, 60_000);
    const first = resolved(HOST).split('\n');
    expect(first.includes(BOX.address) && !first.includes(OTHER.address), `${HOST} is ${first} now`);
    fetch(`http://${OTHER.address}:8088/trust/parlor.pem`, '--output', join(folder, 'parlor.pem'));
    await until('certified', () => fails(() => trusted(name, OTHER.address)) === '');
    expect(fails(() => trusted(HOST, OTHER.address)) !== '', 'it is certified for the name of the other');
  },
};

async function main() {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  writeFileSync(clock, '+0d');
  let failed = 0;
  try {
    build();
    serve(BOX);
    await until('served', () => fails(() => fetch(`http://${BOX.address}:8088/`)) === '');
    for (const [sentence, proof] of Object.entries(proofs)) {
      const began = Date.now();
      try {
        await proof();
        console.log(`ok   ${sentence} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed++;
        console.log(`FAIL ${sentence}: ${error.message}`);
      }
    }
  } finally {
    for (const browser of browsers) await browser.close().catch(() => {});
    for (const child of children) child.kill();
    await pause(1000);
    for (const { name } of [BOX, PHONE, OTHER]) fails(() => ip('netns', 'delete', name));
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${Object.keys(proofs).length - failed} passed, ${failed} failed`);
  return failed ? 1 : 0;
}

process.exitCode = await main();
