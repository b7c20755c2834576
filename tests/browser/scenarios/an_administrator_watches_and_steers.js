import { expect } from '../lib/tab.js';

// An administrator sees who is in, mutes, kicks, makes a room, and gets nothing without the secret.
export default async function (world) {
  if (!world.server.isOurs) {
    world.remark('left out: the server is not ours');
    return;
  }
  const [ada, bertrand] = await world.join('Ada', 'Bertrand');
  await ada.hasMediaOf('Bertrand');

  const page = await ada.page.context().newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(world.server.administration);
  await page.fill('#secret', 'guessed');
  await page.click('#entrance button');
  await page.waitForFunction(() => document.getElementById('refusal').textContent.includes('Unauthorized'));
  expect(await page.locator('#board').isHidden(), 'the board is shown without the secret');
  await page.fill('#secret', world.server.secret);
  await page.click('#entrance button');
  const card = page.locator('.room', { hasText: String(world.room) });
  await card.getByText('Ada', { exact: true }).first().waitFor();
  await card.getByText('2 joined, 2 of').waitFor();
  await card.getByText('gets video of Ada').waitFor();
  // A few points of the plots, and rates that are more than nothing.
  await page.waitForFunction(() => /[1-9]/.test(document.querySelector('[data-legend=bits]').textContent));
  await page.waitForFunction(() => document.querySelector('#plot-bits path')?.getAttribute('d').split('L').length > 3);
  expect((await page.locator('#tables tr').count()) > 10, 'tables are missing');
  await world.photograph({ page, name: 'admin' }, 'board');

  const row = card.locator('tr', { hasText: 'sends audio' }).first();
  await row.getByRole('button', { name: 'Mute' }).click();
  await row.getByText('muted').waitFor();
  await row.getByRole('button', { name: 'Unmute' }).click();
  await row.getByRole('button', { name: 'Mute', exact: true }).waitFor();

  await row.getByRole('button', { name: 'Forward' }).click();
  await page.fill('dialog input[name=port]', '5999');
  await page.locator('dialog').getByRole('button', { name: 'Forward' }).click();
  await page.getByText('It is sent to 127.0.0.1:5999').waitFor();
  await card.getByRole('button', { name: 'Forwarding' }).click();
  await page.locator('dialog li', { hasText: 'audio of Ada to 127.0.0.1:5999' }).getByRole('button').click();
  await page.locator('dialog').getByText('Nothing is forwarded.').waitFor();
  await page.locator('dialog').getByRole('button', { name: 'Done' }).click();

  await page.getByRole('button', { name: 'New room' }).click();
  await page.fill('dialog input[name=room]', '4321');
  await page.fill('dialog input[name=description]', '<b>Attic</b>');
  await page.locator('dialog').getByRole('button', { name: 'Create' }).click();
  await page.getByText('4321 <b>Attic</b>').waitFor();

  await card.locator('tr', { hasText: 'Bertrand' }).first().getByRole('button', { name: 'Kick' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Kick' }).click();
  await ada.sees();

  await page.setViewportSize({ width: 390, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await world.photograph({ page, name: 'admin' }, 'phone');
  expect(wide <= 0, `the page is ${wide} pixels wider than a phone`);
  expect(faults.length === 0, `the page complains: ${faults.join('; ')}`);
}
