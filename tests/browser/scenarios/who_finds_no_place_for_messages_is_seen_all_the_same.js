// A server with a single place for data channels, and one without any: sound and pictures do not need them.

import { expect } from '../lib/tab.js';

export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the server is not ours');
    return;
  }
  await world.withServer({ 'limits.data_channels': 1 }, async () => {
    const [ada, bertrand] = await world.join('Ada', 'Bertrand');
    await ada.hasMediaOf('Bertrand');
    await bertrand.hasMediaOf('Ada');
    await bertrand.page.click('#chat-open');
    await bertrand.until('reads that messages do not come', async () =>
      /no place for messages/.test(await bertrand.page.textContent('.log')),
    );
    await cannotWrite(bertrand);
    const lena = await world.open('Lena', { hasDevices: false });
    await lena.join();
    await lena.page.click('#chat-open');
    await cannotWrite(lena);
  });
  await world.withServer({ 'limits.data_channels': 0 }, async () => {
    const [ada, bertrand] = await world.join('Ada', 'Bertrand');
    await ada.hasMediaOf('Bertrand');
    await bertrand.hasMediaOf('Ada');
    await bertrand.page.click('#chat-open');
    await cannotWrite(bertrand);
  });
}

async function cannotWrite(tab) {
  await tab.page.fill('#chat textarea', 'Hello');
  await tab.page.press('#chat textarea', 'Enter');
  await tab.until('reads that nothing was sent', async () =>
    /was not sent: This server passes no messages on/.test(await tab.page.textContent('.log')),
  );
  expect((await tab.page.inputValue('#chat textarea')) === 'Hello', 'what was written is lost');
}
