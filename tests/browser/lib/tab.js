// One participant in one tab, seen through what the browser counted (getStats) and what stands on the page.

import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 20_000;

export class Tab {
  complaints = [];

  constructor(name, context, page) {
    this.name = name;
    this.context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  async join() {
    await this.page.fill('#name', this.name);
    await this.page.click('#enter');
    await this.isIn();
  }

  async isIn() {
    await this.until('is in the room', () => this.page.evaluate(() => parlor.state === 'joined'));
  }

  async leave() {
    await this.page.click('#leave');
  }

  close() {
    return this.context.close();
  }

  tile(name) {
    return this.page.locator('.tile', { has: this.page.locator('.name').getByText(name, { exact: true }) });
  }

  /** The names of everybody else, as this tab knows them. */
  async others() {
    return this.page.evaluate(() => parlor.people.map((person) => person.name).sort());
  }

  async sees(...names) {
    const wanted = JSON.stringify([...names].sort());
    await this.until(
      `sees exactly ${names.join(', ') || 'nobody'}`,
      async () => JSON.stringify(await this.others()) === wanted,
    );
    await this.until(
      'has a tile for each and its own',
      async () => (await this.page.locator('.tile').count()) === names.length + 1,
    );
  }

  /** What was received of one person so far. */
  async received(name) {
    const all = (await this.page.evaluate(() => parlor.statistics())).filter((entry) => entry.name === name);
    const video = all.find((entry) => entry.kind === 'video');
    const audio = all.find((entry) => entry.kind === 'audio');
    return {
      at: performance.now(),
      frames: video?.framesDecoded ?? 0,
      codec: video?.codec,
      width: video?.frameWidth ?? 0,
      packets: audio?.packetsReceived ?? 0,
      energy: audio?.totalAudioEnergy ?? 0,
    };
  }

  /** What comes from one person within some time. */
  async receivedWithin(name, duration) {
    const before = await this.received(name);
    await pause(duration);
    const after = await this.received(name);
    const seconds = (after.at - before.at) / 1000;
    return {
      frames: after.frames - before.frames,
      rate: (after.frames - before.frames) / seconds,
      packets: after.packets - before.packets,
      packetRate: (after.packets - before.packets) / seconds,
      energy: after.energy - before.energy,
      codec: after.codec,
      width: after.width,
    };
  }

  /** Pictures and sound of these people arrive and are decoded. */
  async hasMediaOf(...names) {
    for (const name of names) {
      const before = await this.received(name);
      await this.until(`decodes ${name}`, async () => {
        const now = await this.received(name);
        return now.frames >= before.frames + 15 && now.packets >= before.packets + 25 && now.energy > before.energy;
      });
    }
  }

  /** The picture on the tile is really painted: the fake camera is green, an empty picture black. */
  async paints(name) {
    await this.until(`paints ${name}`, () =>
      this.tile(name)
        .locator('video')
        .evaluate((video) => {
          if (!video.videoWidth) return false;
          const canvas = new OffscreenCanvas(8, 8).getContext('2d');
          canvas.drawImage(video, 0, 0, 8, 8);
          const [red, green, blue] = canvas.getImageData(1, 4, 1, 1).data;
          return green > 40 && green > red + 30 && green > blue + 30;
        }),
    );
  }

  /** Waits for something to become true and says what did not. */
  async until(what, condition, patience = PATIENCE_MS) {
    const end = Date.now() + patience;
    while (Date.now() < end) {
      if (await condition().catch(() => false)) return;
      await pause(200);
    }
    throw new Error(`${this.name} never ${what}`);
  }

  tileIs(name, attribute, value) {
    return this.until(
      `shows ${attribute}=${value} for ${name}`,
      async () => (await this.tile(name).getAttribute(`data-${attribute}`)) === value,
    );
  }
}

/** Throws a sentence if something does not hold. */
export function expect(holds, sentence) {
  if (!holds) throw new Error(sentence);
}
