// Sound over a way that loses packets: how much of it a listener in Chromium has to make up, by what the room allows.
'use strict';

const { concealedPercent, hum, listen, statistics } = require('./meeting.js');
const { WEBSOCKET, main, option, print, wait } = require('./world.js');

const seconds = Number(option('--seconds') || 30);
// What a room allows; the share of packets that get lost; how much may be made up at most.
const rows = [
  { room: 'nothing', settings: {}, loss: 0 },
  { room: 'nothing', settings: {}, loss: 0.05 },
  { room: 'nack', settings: { audio_nack: true }, loss: 0.05 },
  { room: 'red', settings: { audio_red: true }, loss: 0.05, most_percent: 1 },
  { room: 'red, nack', settings: { audio_red: true, audio_nack: true }, loss: 0.05, most_percent: 1 },
  { room: 'red, nack', settings: { audio_red: true, audio_nack: true }, loss: 0.1 },
];
// A report of loss comes each five seconds.
const SETTLE_MS = 12_000;

// One room, one way, one listener.
async function measure(world, room, { settings, loss }) {
  world.way({ to: 'both', delay_ms: 20, loss: 0 });
  await hum(await world.page('near'), WEBSOCKET.parlor, { room, settings });
  await wait(2000);
  const listener = await world.page('far');
  await listen(listener, WEBSOCKET.parlor, room);
  await wait(2000);
  world.way({ to: 'right', loss });
  await wait(SETTLE_MS);
  const before = await statistics(listener);
  await wait(1000 * seconds);
  const after = await statistics(listener);
  await world.closePages();
  return difference(before, after);
}

function difference(before, after) {
  const of = (name) => (after.audio[name] || 0) - (before.audio[name] || 0);
  return {
    lost_percent: 100 * of('packetsLost') / Math.max(1, of('packetsLost') + of('packetsReceived')),
    concealed_percent: concealedPercent(before, after),
    concealments: of('concealmentEvents'),
    audio_kbps: of('bytesReceived') * 8 / 1000 / seconds,
    jitter_buffer_ms: 1000 * of('jitterBufferDelay') / Math.max(1, of('jitterBufferEmittedCount')),
    nacks: of('nackCount'),
  };
}

main(async (world) => {
  const measured = [];
  for (const [number, row] of rows.entries()) {
    const result = await measure(world, 2000 + number, row);
    // What was sent again counts as received.
    const is_lossy = result.lost_percent >= 100 * row.loss / 2 || result.nacks > 0;
    const kept = is_lossy && result.concealed_percent < (row.most_percent ?? 100);
    measured.push({ ...row, ...result, kept });
    print({ room: row.room, loss: row.loss, ...result, kept });
  }
  return measured;
});
