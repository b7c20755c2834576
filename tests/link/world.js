// Two network namespaces that `emulate` joins: servers and a browser in the near one, a browser in the far one.
'use strict';

const { spawn, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('playwright-core');

const NEAR = 'parlornear';
const FAR = 'parlorfar';
const ADDRESS = '10.77.0.1';
const HTTP = `http://${ADDRESS}:8088`;
const WEBSOCKET = { parlor: `ws://${ADDRESS}:8188`, janus: `ws://${ADDRESS}:8288` };

class World {
  // Opens everything, hands it to `use`, and takes it down whatever happens.
  static async with(use) {
    const world = new World();
    try {
      await world.open();
      return await use(world);
    } finally {
      await world.close();
    }
  }

  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parlor-link-'));
    this.children = [];
    this.browsers = [];
    this.pages = [];
  }

  async open() {
    for (const name of [NEAR, FAR]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    this.link = spawn(path.join(__dirname, 'emulate'), [NEAR, `${ADDRESS}/24`, FAR, '10.77.0.2/24']);
    this.children.push(this.link);
    await line(this.link, /ready/);
    this.way({ to: 'both', delay_ms: 20 });
    this.children.push(startParlor(this.folder), startJanus(this.folder));
    await wait(2500);
    for (const name of [NEAR, FAR]) this.browsers.push(await browser(name, this.folder));
  }

  // What the way is like from now on: see `emulate`.
  way(settings) {
    this.link.stdin.write(`${JSON.stringify(settings)}\n`);
  }

  // A new page near or far, of Parlor's origin.
  async page(where) {
    const page = await this.browsers[where === 'near' ? 0 : 1].newPage();
    this.pages.push(page);
    await page.goto(`${HTTP}/janus.js`);
    return page;
  }

  async closePages() {
    for (const page of this.pages.splice(0)) await page.close();
    await wait(1000);
  }

  async close() {
    for (const one of this.browsers) await one.close().catch(() => {});
    for (const child of this.children) child.kill('SIGINT');
    await wait(500);
    for (const name of [NEAR, FAR]) execFileSync('ip', ['netns', 'del', name]);
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function startParlor(folder) {
  const settings = [`control.http=${ADDRESS}:8088`, `control.websocket=${ADDRESS}:8188`, 'control.admin=127.0.0.1:7088',
    'control.https=off', 'mdns.enabled=false', `media.address=${ADDRESS}`, `state.directory=${folder}`];
  const words = ['netns', 'exec', NEAR, process.env.PARLOR, ...settings.flatMap((setting) => ['--set', setting])];
  const server = spawn('ip', words);
  server.stderr.pipe(fs.createWriteStream(path.join(folder, 'server.log')));
  return server;
}

// Debian's Janus in the near namespace.
function startJanus(folder) {
  const libraries = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/janus`).find((it) => fs.existsSync(it));
  const files = {
    'janus.jcfg': `general: { configs_folder = "${folder}", plugins_folder = "${libraries}/plugins",
      transports_folder = "${libraries}/transports", events_folder = "${libraries}/events",
      loggers_folder = "${libraries}/loggers", debug_level = 3 }
      nat: { nice_debug = false, ice_enforce_list = "link0" }
      plugins: { disable = "libjanus_audiobridge.so,libjanus_echotest.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_nosip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so,libjanus_lua.so,libjanus_duktape.so" }
      transports: { disable = "libjanus_http.so,libjanus_rabbitmq.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so" }
      loggers: { disable = "libjanus_jsonlog.so" }`,
    'janus.transport.websockets.jcfg': `general: { ws = true, ws_ip = "${ADDRESS}", ws_port = 8288 }`,
    'janus.plugin.videoroom.jcfg': 'room-1234: { description = "link", publishers = 6, bitrate = 2000000, videocodec = "vp8" }',
  };
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return spawn('ip', ['netns', 'exec', NEAR, 'janus', '-F', folder], { stdio: 'ignore' });
}

// A browser whose sockets are in a namespace.
async function browser(namespace, folder) {
  const executablePath = path.join(folder, `chromium-${namespace}`);
  const script = `#!/bin/sh\nexec ip netns exec ${namespace} /usr/bin/chromium "$@"\n`;
  fs.writeFileSync(executablePath, script, { mode: 0o755 });
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream', `--unsafely-treat-insecure-origin-as-secure=${HTTP}`,
    '--autoplay-policy=no-user-gesture-required'];
  return chromium.launch({ executablePath, args });
}

function ip(...words) {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}

// Resolves when the process wrote a line that matches.
function line(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      if (pattern.test(text)) resolve(text);
    });
    child.on('exit', (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// What follows a word of the command line.
function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

// Runs a measurement that gives rows, writes them to the file of `--json`, and fails if one of them is not kept.
function main(measure) {
  World.with(measure).then((rows) => {
    const file = option('--json');
    if (file) fs.writeFileSync(file, JSON.stringify(rows, null, 1));
    process.exitCode = rows.length > 0 && rows.every((row) => row.kept !== false) ? 0 : 1;
  }).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

// One row of a table, as it becomes known.
function print(row) {
  const value = (it) => (typeof it === 'number' ? Math.round(it * 100) / 100 : it);
  console.log(Object.entries(row).map(([name, it]) => `${name} ${value(it)}`).join('  '));
}

module.exports = { WEBSOCKET, main, option, print, wait };
