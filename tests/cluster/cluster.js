// The proofs of tests/cluster/run, one after the other on the same machines.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Layers } from '../browser/lib/layers.js';
import { expect } from '../browser/lib/tab.js';
import { BOXES, Network } from './network.js';

/** Within this time a publisher whose box is gone must be gone everywhere. */
const GONE_MS = 3000;
const [A, B, C] = BOXES;
const output = new URL('../../target/cluster/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'parlor-cluster-'));
const network = new Network(folder, output);
/** Everybody by name. Ada is in box a, Bertrand and Lena in b, Cleo in c; Lena and Cleo have their devices off. */
const people = {};
const OWN = { a: 1, b: 2, c: 1 };
/** What was cut, and how long it took. */
const table = [];

async function until(what, condition, patience = 20_000) {
  const began = Date.now();
  for (;;) {
    if (await Promise.resolve().then(condition).catch(() => false)) return Date.now() - began;
    if (Date.now() - began > patience) throw new Error(`never ${what}`);
    await pause(50);
  }
}

async function enter(box, name, publishes) {
  const tab = await network.open(box, name);
  if (!publishes) {
    for (const device of ['#lobby-microphone', '#lobby-camera']) {
      await tab.page.locator(`${device}[aria-pressed=true]`).waitFor();
      await tab.page.click(device);
      await tab.page.locator(`${device}[aria-pressed=false]`).waitFor();
    }
  }
  await tab.join();
  people[name] = tab;
}

/** A room of its own in a box, as the scenarios of tests/browser have one. */
async function roomIn(box, room) {
  const tab = await network.open(box, 'Maker');
  await tab.page.evaluate(async (body) => {
    const { Session } = await import('./janus.js');
    const session = await Session.open(`ws://${globalThis.location.host}/`);
    const handle = await session.attach('janus.plugin.videoroom');
    await handle.message(body);
    session.close();
  }, { request: 'create', room, publishers: 8, videocodec: 'vp8' });
  await tab.close();
  const knows = () => until('shown', () => state(box, 'shown') === 1);
  return { room, address: () => 'http://localhost:8088/', open: (name) => network.open(box, name), knows };
}

const sees = async (viewer, name) => (await people[viewer].others()).includes(name);
const gone = (viewer, name) => until(`gone for ${viewer}`, async () => !(await sees(viewer, name)));
const back = (viewer, name) => until(`back for ${viewer}`, () => sees(viewer, name), 30_000);
const state = (box, name) => network.metric(box, `parlor_cluster_${name}`);
const longest = (times) => Math.max(...times);
const seconds = (time) => `${(time / 1000).toFixed(1)} s`;

/** Notes an experiment, whose publishers must have been gone in time. */
function note(what, missed, goneMs, backMs) {
  table.push([what, missed, goneMs === null ? 'stays' : seconds(goneMs), seconds(backMs)]);
  expect(goneMs === null || goneMs <= GONE_MS, `gone after ${seconds(goneMs)}`);
}

/** The longest time for which a viewer decodes no new picture of somebody, until `end`. */
async function longestGap(viewer, name, end) {
  let [last, changed, gap] = [-1, Date.now(), 0];
  while (!end()) {
    const { frames } = await people[viewer].received(name);
    const now = Date.now();
    if (frames !== last) [last, changed] = [frames, now];
    gap = Math.max(gap, now - changed);
    await pause(50);
  }
  return gap;
}

const proofs = {
  async 'three boxes find each other by the broker, with TLS and a password'() {
    for (const box of BOXES) {
      await until(`${box.letter} is connected`, () => state(box, 'connected') === 1 && state(box, 'boxes') === 2);
    }
  },
  async 'a publisher is known everywhere and sent nowhere while nobody watches'() {
    await enter(A, 'Ada', true);
    await until('shown', () => state(B, 'shown') === 1 && state(C, 'shown') === 1);
    await pause(1000);
    for (const box of [B, C]) {
      const bytes = await network.bytes(A, box, 3);
      expect(bytes === 0, `${bytes} bytes go to ${box.letter}`);
    }
  },
  async 'it is seen and heard in the other boxes, each way'() {
    await enter(B, 'Bertrand', true);
    await enter(C, 'Cleo', false);
    await people.Bertrand.hasMediaOf('Ada');
    await people.Bertrand.paints('Ada');
    await people.Ada.hasMediaOf('Bertrand');
    await people.Cleo.hasMediaOf('Ada', 'Bertrand');
    await people.Cleo.paints('Ada');
  },
  async 'it crosses once however many watch'() {
    const one = await network.bytes(A, B, 5);
    await enter(B, 'Lena', false);
    await people.Lena.hasMediaOf('Ada', 'Bertrand');
    const two = await network.bytes(A, B, 5);
    expect(one > 10_000, `only ${one} bytes went to one`);
    expect(two < 1.5 * one && two > one / 2, `${one} bytes for one viewer, ${two} for two`);
    console.log(`     ${Math.round(one / 1000)} kB in 5 s for one viewer, ${Math.round(two / 1000)} kB for two`);
  },
  async 'nothing goes in a circle'() {
    const kept = network.kept();
    for (const box of BOXES) {
      const [told, shown, sent] = ['announced', 'shown', 'sent'].map((name) => state(box, name));
      const own = OWN[box.letter];
      const numbers = `${box.letter} tells of ${told}, shows ${shown}, sends ${sent}`;
      expect(told === own && shown === 4 - own && sent === 2 * own, numbers);
      const of = kept.filter((topic) => topic.startsWith(`parlor/1/room/1234/${box.letter}/`)).length;
      expect(of === own, `the broker keeps ${of} of ${box.letter}`);
    }
    const back = (await network.bytes(C, A, 3)) / 3;
    // A microphone that is off sends silence.
    expect(back < 8000, `${back} bytes a second go from a box where nobody has a camera`);
  },
  async 'when nobody watches any more, nothing comes any more'() {
    await people.Cleo.leave();
    await until('unwanted', () => state(C, 'wanted') === 0 && state(A, 'sent') === 1 && state(B, 'sent') === 2);
    const bytes = await network.bytes(A, C, 2);
    expect(bytes === 0, `${bytes} bytes go to c`);
    expect(state(C, 'shown') === 3, 'they are still shown');
    await people.Cleo.join();
    await people.Cleo.hasMediaOf('Ada');
  },
  async 'a box that is killed: its publishers are gone in time, and back with it'() {
    network.killBox(A);
    const goneMs = longest(await Promise.all([gone('Bertrand', 'Ada'), gone('Lena', 'Ada'), gone('Cleo', 'Ada')]));
    network.startBox(A);
    const backMs = longest(await Promise.all([back('Bertrand', 'Ada'), back('Cleo', 'Ada')]));
    note('box a killed (kill -9), started anew', 'Ada, in b and c', goneMs, backMs);
    await people.Bertrand.hasMediaOf('Ada');
    await people.Ada.hasMediaOf('Bertrand');
    await people.Cleo.hasMediaOf('Ada');
  },
  async 'a box that is cut off: gone in time on both sides, and back by itself'() {
    network.cut(B, true);
    const cut = longest(await Promise.all([
      gone('Ada', 'Bertrand'), gone('Cleo', 'Bertrand'), gone('Bertrand', 'Ada'), gone('Lena', 'Ada'),
    ]));
    await people.Lena.hasMediaOf('Bertrand');
    await people.Cleo.hasMediaOf('Ada');
    await pause(8000);
    network.cut(B, false);
    const backMs = longest(await Promise.all([
      back('Ada', 'Bertrand'), back('Cleo', 'Bertrand'), back('Bertrand', 'Ada'), back('Lena', 'Ada'),
    ]));
    note('box b cut off, after 10 s healed', 'Bertrand in a and c, Ada in b', cut, backMs);
    await people.Ada.hasMediaOf('Bertrand');
    await people.Lena.hasMediaOf('Ada');
  },
  async 'a broker that starts anew: calls in a box and between boxes go on'() {
    for (const box of BOXES) await until('all is sent', () => state(box, 'sent') === 2 * OWN[box.letter]);
    await pause(2000);
    let isOver = false;
    const gaps = Promise.all([longestGap('Lena', 'Bertrand', () => isOver), longestGap('Lena', 'Ada', () => isOver)]);
    // It is waited for at the end, if that comes.
    gaps.catch(() => {});
    network.killBroker();
    await until('lost', () => state(B, 'connected') === 0);
    await pause(6000);
    network.startBroker();
    const began = Date.now();
    for (const box of BOXES) {
      await until(`${box.letter} is back`, () => state(box, 'connected') === 1 && state(box, 'boxes') === 2);
    }
    const backMs = Date.now() - began;
    await pause(3000);
    isOver = true;
    const [within, between] = await gaps;
    note('broker killed, started anew after 8 s', 'nobody', null, backMs);
    console.log(`     longest pause of a picture: ${within} ms in a box, ${between} ms between boxes`);
    expect(within < 1500 && between < 1500, 'a picture stood still');
    await until('shown again', () => state(C, 'shown') === 3);
  },
  async 'a broker that is away for long: who is watched stays, and others come back'() {
    await people.Cleo.leave();
    await until('unwanted', () => state(C, 'wanted') === 0);
    network.killBroker();
    await until('gone where nobody watches', () => state(C, 'shown') === 0);
    await people.Lena.hasMediaOf('Ada');
    await pause(20_000);
    await people.Lena.hasMediaOf('Ada');
    expect(await sees('Ada', 'Lena'), 'who is watched and silent is gone');
    network.startBroker();
    const backMs = await until('shown again', () => state(C, 'shown') === 3);
    await people.Lena.hasMediaOf('Ada');
    await pause(16_000);
    await people.Lena.hasMediaOf('Ada');
    note('broker away for 25 s', 'those whom nobody watches', null, backMs);
    await people.Cleo.join();
    await people.Cleo.hasMediaOf('Ada', 'Bertrand');
  },
  async 'a viewer in another box gets the simulcast layer it asks for'() {
    for (const tab of Object.values(people)) await tab.close();
    const [here, there] = [await roomIn(A, 77), await roomIn(B, 77)];
    const encodings = [
      { rid: 'h', maxBitrate: 900_000 },
      { rid: 'm', maxBitrate: 300_000, scaleResolutionDownBy: 2 },
      { rid: 'l', maxBitrate: 100_000, scaleResolutionDownBy: 4 },
    ];
    const camera = { codec: 'VP8', encodings, width: 960, height: 540, subscribe: { substream: 0 } };
    const layers = await Layers.begin(here, camera, there);
    const bytes = [];
    for (const substream of [0, 2, 1, 0, 2]) {
      await layers.ask({ substream });
      await layers.reaches(2, [240, 480, 960][substream], { substream });
      if (substream !== 1) bytes.push(await network.bytes(A, B, 3));
    }
    const [least, most] = [Math.min(...bytes), Math.max(...bytes)];
    expect(most < 2 * least, `between boxes all layers go, whoever watches which: ${bytes}`);
    const { lost } = await layers.seen();
    expect(lost < 10, `${lost} packets were lost`);
  },
};

async function main() {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  let failed = 0;
  const chosen = Object.entries(proofs);
  try {
    network.build();
    network.startBroker();
    BOXES.forEach((box) => network.startBox(box));
    for (const [sentence, proof] of chosen) {
      const began = Date.now();
      try {
        await proof();
        console.log(`ok   ${sentence} (${seconds(Date.now() - began)})`);
      } catch (error) {
        failed++;
        console.log(`FAIL ${sentence}: ${error.message}`);
      }
    }
  } finally {
    await network.end();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log('\n| what was cut | who was missed | gone after | back after |\n| --- | --- | --- | --- |');
  for (const row of table) console.log(`| ${row.join(' | ')} |`);
  console.log(`\n${chosen.length - failed} passed, ${failed} failed`);
  return failed ? 1 : 0;
}

process.exitCode = await main();
