import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '../lib/tab.js';

// pcap: bytes ahead of all records, of each, and of the IPv4 and the UDP header in it.
const [FILE, RECORD, HEADERS] = [24, 16, 28];
const MAGIC = 0xa1b2c3d4;

// An administrator has the headers of somebody's packets written, by keys alone; where no folder is configured, the page
// says what to set.
export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the server is not ours');
    return;
  }
  const [alone] = await world.join('Ada');
  const refused = await openBoard(world, alone);
  await captureByKeys(refused, await rowOf(refused, world, 'sends audio'));
  await refused.getByText('set capture.directory to a folder').waitFor();
  await world.photograph({ page: refused, name: 'admin' }, 'off');
  expect(refused.faults.length === 0, `the page complains: ${refused.faults.join('; ')}`);
  await world.leave();

  await world.withServer({ 'capture.directory': 'captures' }, async () => {
    const [ada] = await world.join('Ada', 'Bertrand');
    await ada.hasMediaOf('Bertrand');
    const page = await openBoard(world, ada);
    const row = await rowOf(page, world, 'sends audio');
    await captureByKeys(page, row, () => world.photograph({ page, name: 'admin' }, 'asks'));
    const line = page.locator('.capture', { hasText: 'A capture of what Ada sends runs' });
    await line.waitFor();
    const stop = row.getByRole('button', { name: 'Stop capture' });
    await stop.waitFor();
    // The page is drawn anew meanwhile, and keys stay where they were.
    const drawn = await row.elementHandle();
    await page.waitForFunction((old) => !old.isConnected, drawn);
    await page.waitForTimeout(3_000);
    expect(await stop.evaluate((button) => button === document.activeElement), 'the focus was lost');
    await world.photograph({ page, name: 'admin' }, 'runs');
    await page.setViewportSize({ width: 390, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await line.scrollIntoViewIfNeeded();
    await world.photograph({ page, name: 'admin' }, 'phone');
    expect(wide <= 0, `the page is ${wide} pixels wider than a phone`);

    const told = await line.locator('code').textContent();
    await page.keyboard.press('Enter');
    await page.getByText(`The capture of what Ada sends is in ${told} on the server.`).waitFor();
    await row.getByRole('button', { name: 'Capture packets' }).waitFor();
    expect((await line.count()) === 0, 'the capture is still shown');

    const files = readdirSync(world.server.captures);
    expect(files.length === 1 && join(world.server.captures, files[0]) === told, `${files} is not ${told}`);
    expect(page.faults.length === 0, `the page complains: ${page.faults.join('; ')}`);
    const { headers, reports } = packetsOf(readFileSync(told));
    expect(headers > 100 && reports > 0, `${headers} packets of RTP, ${reports} of RTCP`);
    world.remark(`${headers} RTP headers, ${reports} of RTCP`);
  });
}

/** The administrators' page in another tab of the same browser. What it complains of is in its `faults`. */
async function openBoard(world, { page: other }) {
  const page = await other.context().newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()));
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(world.server.administration);
  await page.fill('#secret', world.server.secret);
  await page.click('#entrance button');
  return page;
}

async function rowOf(page, world, text) {
  const row = page.locator('.room', { hasText: String(world.room) }).locator('tr', { hasText: text }).first();
  await row.getByText('Ada').waitFor();
  return row;
}

async function captureByKeys(page, row, look) {
  await row.getByRole('button', { name: 'Capture packets' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('dialog').getByLabel('Whole packets').waitFor();
  await look?.();
  await page.keyboard.press('Enter');
}

/** Counts the records of a pcap file; each is a header of RTP without what is said, or a whole packet of RTCP. */
function packetsOf(bytes) {
  expect(bytes.readUInt32LE(0) === MAGIC, 'no pcap file');
  const counts = { headers: 0, reports: 0 };
  for (let at = FILE; at < bytes.length; ) {
    const [kept, whole] = [bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 12)];
    const packet = bytes.subarray(at + RECORD + HEADERS, at + RECORD + kept);
    at += RECORD + kept;
    expect(packet[0] >> 6 === 2, `version ${packet[0] >> 6}`);
    if (packet[1] >= 200 && packet[1] <= 207) {
      expect(kept === whole, 'RTCP was cut');
      counts.reports++;
      continue;
    }
    const fixed = 12 + 4 * (packet[0] & 15);
    const length = packet[0] & 16 ? fixed + 4 + 4 * packet.readUInt16BE(fixed + 2) : fixed;
    expect(packet.length === length, `${packet.length} bytes of a header of ${length}`);
    counts.headers++;
  }
  return counts;
}
