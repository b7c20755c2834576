import { expect } from '../lib/tab.js';

export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the server is not ours to restart');
    return;
  }
  // A room made over the API is gone after a restart; the demo room is not.
  world.room = 1234;
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  await ada.hasMediaOf('Bertrand');

  await world.server.stop();
  await ada.until('says that the connection is lost', () => ada.page.locator('#banner[data-kind=trouble]').isVisible());
  expect((await ada.page.evaluate(() => parlor.state)) === 'reconnecting', 'Ada does not try to come back');
  await world.photograph(ada, 'lost');
  await ada.page.waitForTimeout(3_000);
  await world.server.start();
  const start = performance.now();
  // Statistics of connections that are gone are gone with them.
  const gets = (tab, name) => tab.until(`gets ${name} again`, async () => (await tab.received(name)).frames > 0);
  await Promise.all([gets(ada, 'Bertrand'), gets(bertrand, 'Ada')]);
  const seconds = (performance.now() - start) / 1000;
  world.remark(`media flows ${seconds.toFixed(1)} s after the server serves again`);
  expect(seconds < 3, `it takes ${seconds.toFixed(1)} s until media flows again`);

  for (const tab of [ada, bertrand]) await tab.isIn();
  await ada.until('takes the banner away', () => ada.page.locator('#banner').isHidden());
  await ada.sees('Bertrand');
  await bertrand.sees('Ada');
  await ada.hasMediaOf('Bertrand');
  await bertrand.hasMediaOf('Ada');
  await ada.paints('Bertrand');
}
