// From clone to two people talking: what README tells a new user, word by word, with each step counted. The box and the
// computers of the two are machines of their own, and what README's list says is what is done.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '../browser/lib/tab.js';
import { HOST, Machine, folder, photograph, prove, until } from './machines.js';

const LIST = '## From clone to two people talking';
const START_MS = 900_000;

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const clone = join(folder, 'parlor');

const box = new Machine('box', '10.79.0.1');
const people = [
  { name: 'Ada', machine: new Machine('phone', '10.79.0.2') },
  { name: 'Bertrand', machine: new Machine('laptop', '10.79.0.3') },
];

/** The steps of README: on the box, and on the device of each. */
function told() {
  const section = readFileSync(join(clone, 'README.md'), 'utf8').split(LIST)[1]?.split('\n## ')[0] ?? '';
  const steps = section.split(/\n(?=\d+\. )/).slice(1).map((step) => step.split('\n\n')[0].replace(/\s+/g, ' ').trim());
  expect(steps.length > 0, `README has no list below "${LIST}"`);
  return steps;
}

/** What stands in the step as code, in its order. */
const codes = (step) => [...step.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

/**
 * Puts the clone in the place of the checkout, for the box alone: cargo finds all files where and as old as they were, and
 * does not build again what is built already.
 */
function inPlaceOfCheckout(command) {
  mkdirSync(join(clone, 'target'), { recursive: true });
  const files = execFileSync('git', ['-C', clone, 'ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
  const folders = new Set(files.flatMap((file) => file.split('/').map((_, depth, names) => names.slice(0, depth).join('/'))));
  for (const path of [...files, ...folders]) {
    const { atime, mtime } = statSync(join(checkout, path));
    utimesSync(join(clone, path), atime, mtime);
  }
  const script = `mount --bind "$1/target" "$2/target" && mount --rbind "$2" "$1" && cd "$1" && exec ${command}`;
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', checkout, clone];
}

/** The page that explains, as a browser of `home` shows it to somebody new, and the certificate from it. */
async function trust({ machine, name }, home, address) {
  const browser = await machine.browse(home);
  const context = await browser.newContext({ locale: 'en' });
  const page = await context.newPage();
  await page.goto(address);
  await page.getByText('Linux (Chrome, Chromium)').click();
  const steps = page.locator('details[open] li');
  const download = page.waitForEvent('download');
  await steps.first().getByRole('link').click();
  await (await download).saveAs(join(home, 'parlor.pem'));
  await photograph(page, `${name}-trusts`);
  const command = await steps.nth(1).locator('code').last().textContent();
  const meeting = await page.locator('.links a').evaluateAll((all) => all.map((link) => link.href));
  await browser.close();
  execFileSync('sh', ['-c', command], { cwd: home, env: { ...process.env, HOME: home }, stdio: 'pipe' });
  return meeting;
}

const proofs = {
  async 'a new user does what README says, and two people talk'() {
    const began = Date.now();
    const url = `file://${checkout}`;
    execFileSync('git', ['clone', '--quiet', url, clone], { stdio: 'pipe' });
    const changed = execFileSync('git', ['-C', checkout, 'status', '--porcelain', '--untracked-files=no'], { encoding: 'utf8' });
    expect(changed === '', `what is built is not what is cloned: commit first\n${changed}`);
    const steps = told();
    const done = [];
    const did = (what) => done.push(`${done.length + 1}. ${what} (${((Date.now() - began) / 1000).toFixed(1)} s)`);

    expect(codes(steps[0])[0]?.startsWith('git clone '), `the first step is ${steps[0]}`);
    did('clone');

    const [start] = codes(steps[1]);
    const server = box.start('parlor', inPlaceOfCheckout(start), {
      env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') },
    });
    let printed = '';
    server.stdout.on('data', (text) => (printed += text));
    await until('served', () => /New here\?/.test(printed) || server.exitCode !== null, START_MS);
    const first = printed.match(/New here\?\s+(http:\S+)/)?.[1];
    expect(first === `http://${box.address}:8088/`, `the terminal shows ${printed}`);
    did(start);

    const tabs = [];
    for (const person of people) {
      const { machine, name } = person;
      const home = join(folder, name);
      mkdirSync(home);
      await machine.resolveNames();
      await until(`found ${HOST}`, () => machine.resolved(HOST) === box.address);

      expect(codes(steps[2]).includes('http://ADDRESS:8088'), `the third step is ${steps[2]}`);
      const links = await trust(person, home, first);
      did(`${name}: ${first}, the certificate, and what the page says of Linux`);

      const [meeting] = codes(steps[3]);
      expect(meeting === `https://${HOST}:8443`, `the fourth step is ${steps[3]}`);
      expect(links.some((link) => link.startsWith(`${meeting}/`)), `the page that explains leads to ${links}`);
      await machine.browse(home);
      const tab = await machine.open(name, meeting);
      did(`${name}: ${meeting}`);

      expect(steps[4].includes('*Join*'), `the fifth step is ${steps[4]}`);
      await tab.join();
      did(`${name}: a name, and Join`);
      tabs.push(tab);
    }
    await tabs[0].hasMediaOf(people[1].name);
    await tabs[1].hasMediaOf(people[0].name);
    await photograph(tabs[0].page, 'talking');
    expect(steps.length === 5, `README has ${steps.length} steps`);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    return [...done, `${done.length} steps, ${seconds} s, for two people: 2 for the box, 3 for each device`].join('\n');
  },
};

process.exitCode = await prove(proofs);
