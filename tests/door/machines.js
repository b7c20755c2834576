// Machines on one bridge that leads nowhere: a box, which serves, and those of people, whose browsers find it as a
// desktop does: by its system's resolver, which asks multicast DNS (avahi and nss-mdns).

import { execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tab } from '../browser/lib/tab.js';

const { chromium } = createRequire(new URL('../browser/', import.meta.url))('playwright-core');

export const HOST = 'parlor.local';
export const URL_OF_PAGE = `https://${HOST}:8443/`;

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--use-fake-device-for-media-stream=fps=15',
  '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking'];
const PICTURE = '320x240@15';
/** Where a system keeps what it knows by itself of names. */
const RESOLVER = { 'nsswitch.conf': 'hosts: files mdns4_minimal [NOTFOUND=return]\n', hosts: '127.0.0.1 localhost\n' };
const AVAHI = '[server]\nuse-ipv6=no\nenable-dbus=no\nallow-interfaces=lan\n[publish]\ndisable-publishing=yes\n';

/** Where logs and pictures of these proofs stay. */
const output = new URL(`../../target/door/${basename(process.argv[1], '.js')}/`, import.meta.url);
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
export const folder = mkdtempSync(join(tmpdir(), 'parlor-door-'));
const children = [];
const browsers = [];
const machines = [];

export const ip = (...words) => execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What went wrong in `act`; '' if nothing did. */
export function fails(act) {
  try {
    act();
    return '';
  } catch (error) {
    return String(error.stderr || error.message);
  }
}

export async function until(what, condition, patience = 30_000) {
  const end = Date.now() + patience;
  while (Date.now() < end) {
    if (await condition()) return;
    await pause(300);
  }
  throw new Error(`never ${what}`);
}

/** A machine, which is a network namespace. The first one has the bridge. */
export class Machine {
  #resolver = 0;
  #browser = null;

  constructor(name, address) {
    Object.assign(this, { name: `door${name}`, address });
    const [first] = machines;
    ip('netns', 'add', this.name);
    machines.push(this);
    if (first) {
      ip('-n', first.name, 'link', 'add', this.name, 'type', 'veth', 'peer', 'name', 'lan', 'netns', this.name);
      ip('-n', first.name, 'link', 'set', this.name, 'master', 'lan', 'up');
    } else {
      ip('-n', this.name, 'link', 'add', 'lan', 'type', 'bridge');
    }
    this.take(address);
    for (const device of ['lo', 'lan']) ip('-n', this.name, 'link', 'set', device, 'up');
  }

  /** Takes an address more. */
  take(address) {
    ip('-n', this.name, 'address', 'add', `${address}/24`, 'dev', 'lan');
  }

  /** Loses an address. */
  lose(address) {
    ip('-n', this.name, 'address', 'delete', `${address}/24`, 'dev', 'lan');
  }

  /** The words that run a command there. */
  entering() {
    if (!this.#resolver) return ['ip', 'netns', 'exec', this.name];
    return ['nsenter', '--target', this.#resolver, '--net', '--mount', `--wd=${process.cwd()}`];
  }

  /** What a command there prints. */
  run(...words) {
    const [command, ...rest] = [...this.entering(), ...words];
    return execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts a program there, which ends with the test. What it writes is in target/door. */
  start(name, words, options = {}) {
    const [command, ...rest] = [...this.entering(), ...words];
    const child = spawn(command, rest, options);
    const log = createWriteStream(new URL(`${this.name}-${name}.log`, output));
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    children.push(child);
    return child;
  }

  /** From now on its system asks multicast DNS for names. */
  async resolveNames() {
    mkdirSync(`/etc/netns/${this.name}`, { recursive: true });
    for (const [file, text] of Object.entries(RESOLVER)) writeFileSync(`/etc/netns/${this.name}/${file}`, text);
    const settings = join(folder, 'avahi.conf');
    writeFileSync(settings, AVAHI);
    const daemon = `mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon &&
      exec avahi-daemon --no-drop-root --no-chroot --file ${settings}`;
    const { pid } = this.start('avahi', ['unshare', '--mount', 'sh', '-c', daemon]);
    const isReady = () => fails(() => execFileSync('nsenter', ['--target', pid, '--mount', 'test', '-S',
      '/run/avahi-daemon/socket'], { stdio: 'ignore' })) === '';
    await until(`resolved names on ${this.name}`, isReady);
    this.#resolver = pid;
  }

  /** The address that its system knows for a name; '' if none. */
  resolved(name) {
    try {
      return this.run('getent', 'ahostsv4', name).split(' ')[0];
    } catch {
      return '';
    }
  }

  /** Its browser, whose user has this home: what is trusted stands there. */
  async browse(home) {
    const executablePath = join(folder, `${this.name}-chromium`);
    const words = [...this.entering(), process.env.CHROMIUM ?? '/usr/bin/chromium'].join(' ');
    writeFileSync(executablePath, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    const env = { ...process.env, HOME: home };
    this.#browser = await chromium.launch({ executablePath, args: FLAGS, ignoreDefaultArgs: ['--mute-audio'], env });
    browsers.push(this.#browser);
    return this.#browser;
  }

  /** A tab of somebody in it, who has camera and microphone. */
  async open(name, url = URL_OF_PAGE) {
    const context = await this.#browser.newContext({ permissions: ['camera', 'microphone'] });
    const tab = new Tab(name, context, await context.newPage());
    await tab.page.goto(`${url}?video=${PICTURE}`);
    return tab;
  }
}

/** A home whose browsers trust the authority in the file `pem`, as certutil puts it there. */
export function trustIn(home, pem) {
  const store = join(home, '.pki/nssdb');
  mkdirSync(store, { recursive: true });
  const certutil = (...words) => execFileSync('certutil', ['-d', `sql:${store}`, ...words]);
  certutil('-N', '--empty-password');
  certutil('-A', '-t', 'C,,', '-n', 'Parlor', '-i', pem);
}

export async function photograph(page, name) {
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, output)) });
}

/** Runs all of `proofs`, named by their sentences, and takes everything down; the exit status. */
export async function prove(proofs) {
  let failed = 0;
  try {
    for (const [sentence, proof] of Object.entries(proofs)) {
      const began = Date.now();
      try {
        const remark = await proof();
        console.log(`ok   ${sentence} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
        if (remark) console.log(remark.replace(/^/gm, '     '));
      } catch (error) {
        failed++;
        console.log(`FAIL ${sentence}: ${error.message}`);
      }
    }
  } finally {
    for (const browser of browsers) await browser.close().catch(() => {});
    for (const child of children) child.kill();
    await pause(1000);
    for (const { name } of machines) {
      fails(() => ip('netns', 'delete', name));
      rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
    }
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${Object.keys(proofs).length - failed} passed, ${failed} failed`);
  return failed ? 1 : 0;
}
