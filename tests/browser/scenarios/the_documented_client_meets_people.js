// docs/example.html as it is: it meets the page and another of its kind, and sees who comes later and who goes.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { expect } from '../lib/tab.js';

const body = readFileSync(new URL('../../../docs/example.html', import.meta.url), 'utf8');

export default async function (world) {
  const lines = body.split('\n').filter((line) => /^ +[^ /]/.test(line)).length;
  expect(lines <= 60, `the example has grown to ${lines} lines`);
  // Its own server: whoever writes a client has one, too.
  const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end(body));
  await once(site.listen(0, 'localhost'), 'listening');
  try {
    await meet(world, `http://localhost:${site.address().port}/`);
  } finally {
    site.closeAllConnections();
    site.close();
  }
}

async function meet(world, site) {
  const [ada] = await world.join('Ada');
  const first = await open(world, site, 'First');
  await shows(first, 1);
  await ada.sees('First');
  await ada.hasMediaOf('First');

  const second = await open(world, site, 'Second');
  await shows(second, 2);
  await shows(first, 2);
  await world.photograph(first, 'three');
  await ada.leave();
  await shows(first, 1);
  await shows(second, 1);
}

async function open(world, site, name) {
  const tab = await world.open(name);
  const asked = new URLSearchParams({ server: world.server.webSocket, room: world.room, name });
  await tab.page.goto(`${site}?${asked}`);
  return tab;
}

/** As many pictures move, and there is no other. */
async function shows(tab, count) {
  const times = () => tab.page.evaluate(() => [...document.querySelectorAll('video')].map((video) => video.currentTime));
  await tab.until(`shows ${count} moving pictures`, async () => {
    const before = await times();
    await new Promise((done) => setTimeout(done, 500));
    const after = await times();
    return after.length === count && after.every((time, at) => time > 0 && time !== before[at]);
  });
}
