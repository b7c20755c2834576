// Runs the scenarios, each in a room of its own, and says what passed. Most of a scenario is waiting, so they run two
// at a time, each with a server and a browser of its own; those that count frames or milliseconds, and say `alone`, do
// not.

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { World } from './lib/world.js';

const LIMIT_MS = 180_000;
const AT_A_TIME = 2;

const folder = new URL('./scenarios/', import.meta.url);
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -3))
  .sort();
const wanted = process.argv.slice(2).map((name) => name.replace(/^.*\/|\.js$/g, ''));
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length) {
  console.error(`No such scenario: ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  process.exit(2);
}

const output = new URL('../../target/browser/', import.meta.url);
if (!wanted.length) rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

const names = wanted.length ? wanted : known;
const scenarios = await Promise.all(
  names.map(async (name) => ({ name, ...(await import(new URL(`${name}.js`, folder))) })),
);
const alone = scenarios.filter((scenario) => scenario.alone);
const others = scenarios.filter((scenario) => !scenario.alone);
let passed = 0;
let failed = 0;
await runAll(alone, 1);
await runAll(others, Math.min(AT_A_TIME, others.length));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

/** Runs all of these, `atATime` beside each other. */
async function runAll(waiting, atATime) {
  if (!waiting.length) return;
  const left = [...waiting];
  const worlds = await Promise.all(Array.from({ length: atATime }, () => World.begin(output)));
  await Promise.all(
    worlds.map(async (world) => {
      while (left.length) await run(world, left.shift());
      await world.end();
    }),
  );
}

async function run(world, { name, default: scenario }) {
  const began = Date.now();
  let failure = null;
  try {
    await world.enter(name);
    await within(LIMIT_MS, scenario(world));
  } catch (error) {
    failure = error;
    await world.photographAll('failed').catch(() => {});
  }
  const complaints = world.complaints();
  await world.leave().catch(() => {});
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const sentence = name.replaceAll('_', ' ');
  if (failure) {
    failed++;
    console.log(`FAIL ${sentence} (${seconds} s): ${String(failure.message ?? failure).split('\n')[0]}`);
    for (const line of complaints) console.log(`     ${line}`);
  } else {
    passed++;
    console.log(`ok   ${sentence} (${seconds} s)${world.remarks()}`);
  }
}

function within(limit, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit / 1000} s`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
