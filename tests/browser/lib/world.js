// What a scenario has in its hands: a server, a browser, tabs in a fresh room, and a camera for screenshots.

import { chromium, firefox } from 'playwright-core';
import { fileURLToPath } from 'node:url';
import { Server } from './server.js';
import { Tab } from './tab.js';
import { speak } from './voice.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream=fps=15',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
  '--auto-select-desktop-capture-source=Entire screen',
  // What comes from there is no secure origin, unlike what comes from localhost.
  '--host-resolver-rules=MAP plain.test 127.0.0.1',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];
/** A fake camera and microphone without a question, and sound without a click. */
const FIREFOX = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
};
/** Two cores encode and decode three tabs of this. */
const PICTURE = '320x240@15';

export class World {
  static #rooms = 0;
  #output;
  #browser;
  #firefox = null;
  #tabs = [];
  #name = '';
  #remarks = [];
  server;
  room = 0;

  static async begin(output) {
    const world = new World();
    world.#output = output;
    world.server = await Server.begin(output);
    world.#browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: FLAGS,
      ignoreDefaultArgs: ['--mute-audio'],
    });
    return world;
  }

  /** Gives the next scenario a room nobody else is in. */
  async enter(name) {
    this.#name = name;
    this.#remarks = [];
    await this.freshRoom();
  }

  async leave() {
    await Promise.all(this.#tabs.map((tab) => tab.close().catch(() => {})));
    this.#tabs = [];
  }

  async end() {
    await this.#firefox?.close();
    await this.#browser.close();
    await this.server.end();
  }

  /** Makes a room over the API, as any client can, and makes it the room of the tabs opened from now on. */
  async freshRoom(settings = {}) {
    this.room = 100_000 + (process.pid % 1_000) * 1_000 + World.#rooms++;
    const description = `Room ${this.room}`;
    const codecs = { videocodec: 'vp8,vp9,h264,av1' };
    await this.ask({ request: 'create', room: this.room, description, publishers: 8, ...codecs, ...settings });
  }

  /** Runs `act` with a server of its own that has these `settings`. */
  async withServer(settings, act) {
    const usual = this.server;
    this.server = await Server.begin(this.#output, settings);
    try {
      await this.freshRoom();
      await act();
      await this.leave();
    } finally {
      await this.server.end();
      this.server = usual;
    }
  }

  /** Says something to the plugin, as any client can. */
  async ask(request) {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    await page.goto(this.address({}));
    await page.evaluate(async (body) => {
      const { Session } = await import('./janus.js');
      const { location } = globalThis;
      const session = await Session.open(
        new URLSearchParams(location.search).get('server') ?? `ws://${location.host}/`,
      );
      const handle = await session.attach('janus.plugin.videoroom');
      await handle.message(body);
      session.close();
    }, request);
    await context.close();
  }

  /** Opens a tab of its own user, who `speaks` or beeps, on the lobby. `device` takes Playwright's context options. */
  async open(name, options = {}) {
    const { codec, device = {}, permissions = ['camera', 'microphone'] } = options;
    const { picture = PICTURE, hasDevices = true, speaks = false, way } = options;
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 720 }, permissions, ...device });
    await way?.take(context);
    if (!hasDevices) await context.addInitScript(takeDevicesAway);
    if (speaks) await context.addInitScript(speak);
    const page = await context.newPage();
    const tab = new Tab(name, context, page);
    this.#tabs.push(tab);
    await page.goto(this.address({ room: this.room, video: picture, ...(codec ? { codec } : {}) }));
    return tab;
  }

  /** The same in Debian's Firefox, which is steered by WebDriver (BiDi). */
  async openFirefox(name, { picture = PICTURE } = {}) {
    this.#firefox ??= await firefox.launch({
      channel: 'moz-firefox',
      executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
      firefoxUserPrefs: FIREFOX,
    });
    const context = await this.#firefox.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    const tab = new Tab(name, context, page);
    this.#tabs.push(tab);
    await page.goto(this.address({ room: this.room, video: picture }));
    return tab;
  }

  /** Opens tabs and brings all of them into the room. */
  async join(...names) {
    return this.joinWith({}, ...names);
  }

  /** The same, each tab opened with these `options`. */
  async joinWith(options, ...names) {
    const tabs = [];
    for (const name of names) tabs.push(await this.open(name, options));
    for (const tab of tabs) await tab.join();
    return tabs;
  }

  address(settings) {
    const address = new URL(this.server.url);
    for (const [key, value] of Object.entries(settings)) address.searchParams.set(key, value);
    return address.href;
  }

  async photograph(tab, label) {
    const file = new URL(`${this.#name}-${label}.png`, this.#output);
    await tab.page.screenshot({ path: fileURLToPath(file) });
  }

  async photographAll(label) {
    for (const tab of this.#tabs)
      if (!tab.page.isClosed()) await this.photograph(tab, `${label}-${tab.name}`).catch(() => {});
  }

  /** Something worth a word in the scenario's line. */
  remark(text) {
    this.#remarks.push(text);
  }

  remarks() {
    return this.#remarks.length ? `: ${this.#remarks.join('; ')}` : '';
  }

  complaints() {
    return this.#tabs.flatMap((tab) => tab.complaints.map((line) => `${tab.name}: ${line}`)).slice(0, 12);
  }
}

/** In the page: this machine has neither camera nor microphone. */
function takeDevicesAway() {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException('Requested device not found', 'NotFoundError');
  };
}
