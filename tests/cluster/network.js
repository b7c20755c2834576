// Three boxes and a broker as network namespaces on one bridge, and the programs in them.

import { execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { chmodSync, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Tab } from '../browser/lib/tab.js';

const { chromium } = createRequire(new URL('../browser/', import.meta.url))('playwright-core');

const HUB = { name: 'clusterhub', address: '10.80.0.1' };
/** `home` is the network of a box's own people, which no cut concerns. */
export const BOXES = ['a', 'b', 'c'].map((letter, index) => ({
  letter,
  name: `cluster${letter}`,
  address: `10.80.0.${11 + index}`,
  home: `10.81.${index}.1`,
}));
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--use-fake-device-for-media-stream=fps=15',
  '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--disable-background-networking',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding'];
const LOGIN = { user: 'parlor', password: 'never guessed' };

const ip = (...words) => execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const within = ({ name }, ...words) => ip('netns', 'exec', name, ...words);
const quietly = (act) => {
  try {
    act();
  } catch {
    // It may not be there.
  }
};

export class Network {
  #folder;
  #output;
  #broker = null;
  #servers = new Map();
  #browsers = new Map();

  constructor(folder, output) {
    this.#folder = folder;
    this.#output = output;
  }

  build() {
    for (const { name } of [HUB, ...BOXES]) {
      // One may be left of a run that was ended.
      quietly(() => ip('netns', 'delete', name));
      ip('netns', 'add', name);
    }
    ip('-n', HUB.name, 'link', 'add', 'lan', 'type', 'bridge');
    for (const box of BOXES) {
      ip('-n', HUB.name, 'link', 'add', box.name, 'type', 'veth', 'peer', 'name', 'lan', 'netns', box.name);
      ip('-n', HUB.name, 'link', 'set', box.name, 'master', 'lan', 'up');
      ip('-n', box.name, 'link', 'add', 'home', 'type', 'veth', 'peer', 'name', 'switch');
      ip('-n', box.name, 'address', 'add', `${box.home}/24`, 'dev', 'home');
      for (const device of ['home', 'switch']) ip('-n', box.name, 'link', 'set', device, 'up');
    }
    for (const { name, address } of [HUB, ...BOXES]) {
      ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'lan');
      for (const device of ['lo', 'lan']) ip('-n', name, 'link', 'set', device, 'up');
    }
    this.#certify();
  }

  /** An authority, and the broker's certificate. */
  #certify() {
    const file = (name) => join(this.#folder, name);
    const openssl = (...words) => execFileSync('openssl', words, { stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=Test authority', '-keyout', file('ca.key'),
      '-out', file('ca.pem'), '-addext', 'basicConstraints=critical,CA:TRUE');
    openssl('req', ...key, '-subj', '/CN=broker', '-keyout', file('broker.key'), '-out', file('broker.csr'));
    writeFileSync(file('names'), `subjectAltName=IP:${HUB.address}\n`);
    openssl('x509', '-req', '-in', file('broker.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'),
      '-CAcreateserial', '-days', '2', '-extfile', file('names'), '-out', file('broker.pem'));
    execFileSync('mosquitto_passwd', ['-b', '-c', file('passwords'), LOGIN.user, LOGIN.password], { stdio: 'pipe' });
    const lines = ['listener 8883', `certfile ${file('broker.pem')}`, `keyfile ${file('broker.key')}`,
      'listener 1883 127.0.0.1', 'allow_anonymous false', `password_file ${file('passwords')}`];
    writeFileSync(file('mosquitto.conf'), `${lines.join('\n')}\n`);
    // The broker drops its privileges.
    execFileSync('chmod', ['-R', 'a+rX', this.#folder]);
    for (const name of ['broker.key', 'passwords']) chmodSync(file(name), 0o644);
  }

  #run(name, where, ...words) {
    const child = spawn('ip', ['netns', 'exec', where.name, ...words]);
    const log = createWriteStream(new URL(`${name}.log`, this.#output), { flags: 'a' });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    return child;
  }

  startBroker() {
    this.#broker = this.#run('broker', HUB, '/usr/sbin/mosquitto', '-c', join(this.#folder, 'mosquitto.conf'));
  }

  killBroker() {
    this.#broker.kill('SIGKILL');
  }

  /** What the broker keeps, topic by topic. */
  kept() {
    const words = ['-u', LOGIN.user, '-P', LOGIN.password, '-t', 'parlor/#', '-F', '%t', '-W', '1', '--retained-only'];
    try {
      return within(HUB, 'mosquitto_sub', ...words).trim().split('\n');
    } catch (error) {
      // It ends by its time limit.
      return error.stdout.trim().split('\n');
    }
  }

  startBox(box) {
    const state = join(this.#folder, box.name);
    mkdirSync(state, { recursive: true });
    const settings = { 'state.directory': state, 'media.shards': 1, 'mdns.enabled': false, 'cluster.name': box.letter,
      'cluster.broker': `mqtts://${HUB.address}`, 'cluster.ca': join(this.#folder, 'ca.pem'),
      'cluster.username': LOGIN.user, 'cluster.password': LOGIN.password };
    const words = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    this.#servers.set(box, this.#run(box.name, box, process.env.PARLOR, ...words));
  }

  killBox(box) {
    this.#servers.get(box).kill('SIGKILL');
  }

  /** Takes the box from the network, or brings it back. Its own people notice nothing. */
  cut(box, isCut) {
    ip('-n', HUB.name, 'link', 'set', box.name, isCut ? 'down' : 'up');
  }

  /** A metric of a box; nothing where the box does not answer. */
  metric(box, name) {
    const text = within(box, 'curl', '--silent', '--max-time', '2', 'http://127.0.0.1:7088/metrics');
    const line = text.split('\n').find((other) => other.startsWith(`${name} `) || other.startsWith(`${name}{`));
    return line === undefined ? NaN : Number(line.split(' ').at(-1));
  }

  /** Bytes of UDP that pass from one box to another within some seconds, as seen on the other's interface. */
  async bytes(from, to, seconds) {
    const filter = `udp and src host ${from.address} and dst host ${to.address}`;
    const words = ['timeout', String(seconds), 'tcpdump', '-nn', '-q', '-l', '-i', 'lan', filter];
    const child = spawn('ip', ['netns', 'exec', to.name, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    await new Promise((resolve) => child.on('close', resolve));
    return [...text.matchAll(/length (\d+)/g)].reduce((sum, [, length]) => sum + Number(length), 0);
  }

  /** A tab in a box, on its lobby. */
  async open(box, name) {
    if (!this.#browsers.has(box)) {
      const executablePath = join(this.#folder, `chromium-${box.letter}`);
      const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
      writeFileSync(executablePath, `#!/bin/sh\nexec ip netns exec ${box.name} ${program} "$@"\n`, { mode: 0o755 });
      const options = { executablePath, args: FLAGS, ignoreDefaultArgs: ['--mute-audio'] };
      this.#browsers.set(box, await chromium.launch(options));
    }
    const context = await this.#browsers.get(box).newContext({ permissions: ['camera', 'microphone'] });
    const tab = new Tab(name, context, await context.newPage());
    await tab.page.goto('http://localhost:8088/?room=1234&video=320x240@15');
    return tab;
  }

  async end() {
    for (const browser of this.#browsers.values()) await browser.close().catch(() => {});
    for (const child of [...this.#servers.values(), this.#broker]) child?.kill('SIGKILL');
    await pause(500);
    for (const { name } of [HUB, ...BOXES]) quietly(() => ip('netns', 'delete', name));
  }
}
