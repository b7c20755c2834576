import { LossyWay } from '../lib/lossy_way.js';
import { expect } from '../lib/tab.js';

const LOST_PERCENT = 20;

/** A busy machine loses packets, too. */
export const alone = true;

export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the port of media is not known');
    return;
  }
  const way = await LossyWay.begin(world.server.mediaPort);
  const ada = await world.open('Ada', { way });
  await ada.join();
  const [bertrand] = await world.join('Bertrand');
  await ada.hasMediaOf('Bertrand');
  await isRated(ada, 'Bertrand', [3], /connection good/);
  await isRated(ada, 'Ada (you)', [3], /connection good/);

  way.lostPercent = LOST_PERCENT;
  await isRated(ada, 'Bertrand', [1, 2], /connection (fair|poor)/);
  await isRated(ada, 'Ada (you)', [1, 2], /connection (fair|poor)/);
  // Bertrand's own way is good; what is missing of Ada was lost on hers.
  await isRated(bertrand, 'Bertrand (you)', [3], /connection good/);
  await world.photograph(ada, 'lossy');
  way.lostPercent = 0;
  await isRated(ada, 'Bertrand', [3], /connection good/);
  await world.leave();
  way.end();
}

async function isRated(tab, name, bars, word) {
  await tab.until(`shows ${bars} bars for ${name}`, async () =>
    bars.includes(Number(await tab.tile(name).getAttribute('data-bars'))),
  );
  const label = await tab.tile(name).getAttribute('aria-label');
  expect(word.test(label), `the tile is called ${label}`);
}
