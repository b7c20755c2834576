// Runs the scenarios one after the other, each in a room of its own, and says what passed.

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { World } from './lib/world.js';

const LIMIT_MS = 120_000;

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

const world = await World.begin(output);
let passed = 0;
let failed = 0;
for (const name of wanted.length ? wanted : known) {
  const began = Date.now();
  const { default: scenario } = await import(new URL(`${name}.js`, folder));
  let failure = null;
  try {
    await world.enter(name);
    await within(LIMIT_MS, scenario(world));
  } catch (error) {
    failure = error;
    await world.photographAll('failed').catch(() => {});
  }
  await world.leave().catch(() => {});
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const sentence = name.replaceAll('_', ' ');
  if (failure) {
    failed++;
    console.log(`FAIL ${sentence} (${seconds} s): ${String(failure.message ?? failure).split('\n')[0]}`);
    for (const line of world.complaints()) console.log(`     ${line}`);
  } else {
    passed++;
    console.log(`ok   ${sentence} (${seconds} s)${world.remarks()}`);
  }
}
await world.end();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

function within(limit, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limit / 1000} s`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
