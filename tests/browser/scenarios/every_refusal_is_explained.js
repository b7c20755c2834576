// Whatever is refused is told as a sentence that says what can be done; the numbers are never shown.

import { expect } from '../lib/tab.js';

/** What the server says, and what the page makes of it. */
const SAYINGS = [
  [426, 'No such room', 'There is no room “x” on this server.'],
  [429, 'Missing mandatory element (pin)', 'This room asks for a PIN.'],
  [430, 'Invalid element type (room should be a positive integer)', 'No room here is called “x”. Rooms may have numbers.'],
  [432, 'Maximum number of publishers (1) already reached', 'The room has no place for another camera or microphone.'],
  [433, 'Unauthorized (wrong pin)', 'That is not the PIN of this room.'],
  [433, 'Unauthorized (not in the allowed list)', 'You are not on the list of this room.'],
  [403, 'Unauthorized request (wrong or missing secret/token)', 'This server lets in only who shows a secret or token.'],
  [472, "Not accepting new sessions", 'This server takes nobody new just now.'],
  [499, 'This server is about to end and takes nobody new', 'This server is about to end and takes nobody new.'],
  [499, 'The server is too busy for more people', 'This server is too busy for more people.'],
  [499, 'Hardly any place left: handles (98 of 100)', 'This server is full.'],
  [490, 'No place left: sessions (100)', 'This server is full.'],
];

export default async function (world) {
  const ada = await world.open('Ada');
  const told = await ada.page.evaluate(async (sayings) => {
    const { explain } = await import('./refusals.js');
    const { JanusError } = await import('./janus.js');
    return sayings.map(([code, reason]) => explain(new JanusError(code, reason), 'x'));
  }, SAYINGS);
  SAYINGS.forEach(([code, , sentence], index) =>
    expect(told[index].startsWith(sentence), `${code} is told as: ${told[index]}`),
  );

  const isRefused = async (tab, pattern) => {
    await tab.page.click('#enter');
    await tab.until(`is told ${pattern}`, async () => pattern.test(await tab.page.textContent('#refusal')));
    expect(await tab.page.locator('#lobby').isVisible(), 'the lobby is gone');
  };
  await ada.page.fill('#name', 'Ada');
  await ada.page.fill('#room', 'no such name');
  await isRefused(ada, /^No room here is called “no such name”/);

  // A room with a list, and one whose places for publishers are taken: who comes may watch.
  await world.freshRoom({ allowed: ['a-token'] });
  const listed = await world.open('Listed');
  await listed.page.fill('#name', 'Listed');
  await isRefused(listed, /not on the list/);
  await world.freshRoom({ publishers: 1 });
  const [first] = await world.join('First');
  const second = await world.open('Second');
  await second.join();
  await second.until('is told that there is no place', async () =>
    /no place for another camera/.test(await second.page.textContent('#banner')),
  );
  await second.hasMediaOf('First');
  await first.sees('Second');

  // No permission, no camera, no secure origin: the reason is told, and joining is possible all the same.
  const blind = await world.open('Blind', { hasDevices: false });
  await blind.until('is told what is missing', async () =>
    /No microphone was found.*No camera was found/.test(await blind.page.textContent('#device-problem')),
  );
  if (!world.server.isOurs) return;
  const open = await world.open('Open');
  const plain = new URL(world.address({ room: world.room }));
  plain.hostname = 'plain.test';
  await open.page.goto(plain.href);
  await open.until('is told that the origin is not secure', async () =>
    /not opened over a secure address/.test(await open.page.textContent('#device-problem')),
  );
  await open.join();
  await open.hasMediaOf('First');
}
