import { expect } from '../lib/tab.js';

const WATCHED_MS = 10_000;
const LEAST_FRAMES_PER_SECOND = 10;
const LEAST_PACKETS_PER_SECOND = 40;

/** Counts frames a second. */
export const alone = true;

export default async function (world) {
  const names = ['Ada', 'Bertrand', 'Chiara'];
  const tabs = await world.join(...names);
  for (const tab of tabs) await tab.sees(...names.filter((name) => name !== tab.name));
  for (const tab of tabs) await tab.hasMediaOf(...names.filter((name) => name !== tab.name));

  const pairs = tabs.flatMap((tab) => names.filter((name) => name !== tab.name).map((name) => ({ tab, name })));
  const received = await Promise.all(pairs.map(({ tab, name }) => tab.receivedWithin(name, WATCHED_MS)));
  pairs.forEach(({ tab, name }, index) => {
    const { rate, packetRate, energy, width } = received[index];
    expect(rate >= LEAST_FRAMES_PER_SECOND, `${tab.name} decodes only ${rate.toFixed(1)} frames a second of ${name}`);
    expect(
      packetRate >= LEAST_PACKETS_PER_SECOND,
      `${tab.name} gets only ${packetRate.toFixed(1)} audio packets a second of ${name}`,
    );
    expect(energy > 0, `${tab.name} hears nothing of ${name}`);
    expect(width >= 160, `${tab.name} sees ${name} only ${width} pixels wide`);
  });
  for (const { tab, name } of pairs) await tab.paints(name);
  world.remark(`slowest picture ${Math.min(...received.map(({ rate }) => rate)).toFixed(1)} frames a second`);
  await world.photograph(tabs[0], 'call');
}
