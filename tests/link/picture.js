// What a listener sees of a publisher: while the link changes its width, with three simulcast layers and with layers in
// one stream (SVC), beside Janus; and while it loses packets, beside a direct call of the same browsers and beside Janus.
// Somebody without such a link listens too, and must notice nothing.
'use strict';

const { call, concealedPercent, listen, publish, statistics } = require('./meeting.js');
const { WEBSOCKET, main, option, print, wait } = require('./world.js');

const seconds = Number(option('--seconds') || 20);
// Kilobits a second of the link, and the least picture that must come through, five seconds after the change. Audio takes
// about 40 of them.
const widths = [
  { rate_kbps: 3000, least_height: 540, least_fps: 12 },
  { rate_kbps: 1000, least_height: 540, least_fps: 12 },
  { rate_kbps: 400, least_height: 270, least_fps: 6 },
  { rate_kbps: 150, least_height: 135, least_fps: 3 },
  { rate_kbps: 3000, least_height: 540, least_fps: 12, settle_s: 10 },
];
const simulcast = {
  name: 'VP8 simulcast',
  room: 1234,
  encodings: [
    { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 100_000 },
    { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 300_000 },
    { rid: 'h', maxBitrate: 1_000_000 }],
};
const layered = (codec, room, scalabilityMode) => ({
  name: `${codec} ${scalabilityMode}`,
  room,
  settings: { videocodec: codec.toLowerCase(), video_svc: true, audio_red: true, audio_nack: true, bitrate: 2_000_000 },
  codec,
  encodings: [{ scalabilityMode, maxBitrate: 650_000 }],
});
const publishers = [simulcast, layered('VP9', 1301, 'L3T3_KEY'), layered('AV1', 1302, 'L3T3_KEY')];
// Loss and delay each way.
const losses = [0.05, 0.1];
const lossy_delay_ms = 40;

// What a listener saw between two reports.
function difference(before, after, span_s) {
  const of = (kind, name) => (after[kind][name] || 0) - (before[kind][name] || 0);
  const waits_ms = (kind) => 1000 * of(kind, 'jitterBufferDelay') / Math.max(1, of(kind, 'jitterBufferEmittedCount'));
  return {
    height: after.video.frameHeight,
    fps: of('video', 'framesDecoded') / span_s,
    video_kbps: of('video', 'bytesReceived') * 8 / 1000 / span_s,
    freezes: of('video', 'freezeCount'),
    frozen_s: of('video', 'totalFreezesDuration'),
    keyframe_requests: of('video', 'pliCount'),
    concealed_percent: concealedPercent(before, after),
    picture_waits_ms: waits_ms('video'),
    sound_waits_ms: waits_ms('audio'),
  };
}

// What the pages saw within some seconds, each in a row of its own.
async function observe(pages, span_s) {
  const before = await Promise.all(Object.values(pages).map(statistics));
  await wait(1000 * span_s);
  const after = await Promise.all(Object.values(pages).map(statistics));
  const seen = Object.keys(pages).map((name, index) => [name, difference(before[index], after[index], span_s)]);
  return Object.fromEntries(seen);
}

// Whether somebody with a good link noticed something.
function isUndisturbed({ height, fps, frozen_s, concealed_percent }) {
  return height >= 540 && fps >= 12 && frozen_s < 0.5 && concealed_percent < 1;
}

// The pages of one kind of meeting: somebody who publishes near, somebody who listens far, and where there is a server
// somebody who listens near.
async function meet(world, way, publisher = simulcast) {
  const [sender, listener] = [await world.page('near'), await world.page('far')];
  if (way === 'direct') {
    await call(sender, listener);
    return { listener };
  }
  await publish(sender, WEBSOCKET[way], publisher);
  await wait(6000);
  const bystander = await world.page('near');
  await Promise.all([listener, bystander].map((page) => listen(page, WEBSOCKET[way], publisher.room)));
  return { listener, bystander };
}

// Links that change their width: through Parlor, then through Janus.
async function narrow(world, publisher) {
  return [...await narrowThrough(world, 'parlor', publisher), ...await narrowThrough(world, 'janus', publisher)];
}

async function narrowThrough(world, way, publisher) {
  world.way({ to: 'both', delay_ms: 20, rate_kbps: 0, loss: 0 });
  const pages = await meet(world, way, publisher);
  const rows = [];
  for (const { settle_s = 5, ...width } of widths) {
    world.way({ to: 'right', rate_kbps: width.rate_kbps, queue_ms: 300 });
    await wait(1000 * settle_s);
    const seen = await observe(pages, seconds);
    const others = isUndisturbed(seen.bystander);
    const row = { publisher: publisher.name, way, ...width, ...seen.listener, others_undisturbed: others };
    if (way === 'parlor') {
      row.kept = row.height >= row.least_height && row.fps >= row.least_fps && row.frozen_s < 1 && others;
    }
    rows.push(row);
    print(row);
  }
  await world.closePages();
  return rows;
}

// A link that loses packets: through Parlor, directly, and through Janus, one after the other.
async function lossy(world, loss) {
  world.way({ to: 'both', rate_kbps: 0, delay_ms: lossy_delay_ms, loss });
  const rows = [];
  for (const way of ['parlor', 'direct', 'janus']) {
    const pages = await meet(world, way);
    await wait(6000);
    const seen = await observe(pages, seconds);
    const others = seen.bystander ? isUndisturbed(seen.bystander) : 'nobody';
    rows.push({ loss_percent: 100 * loss, way, ...seen.listener, others_undisturbed: others });
    print(rows.at(-1));
    await world.closePages();
  }
  const [parlor, direct] = rows;
  parlor.kept = parlor.others_undisturbed && parlor.height >= 540 && parlor.fps >= direct.fps - 2
    && parlor.concealed_percent < (loss > 0.05 ? direct.concealed_percent : 1) && parlor.frozen_s <= direct.frozen_s + 0.5
    && parlor.keyframe_requests <= direct.keyframe_requests + 1;
  console.log(`${100 * loss} % loss: ${parlor.kept ? 'no worse than a direct call' : 'NOT KEPT'}`);
  return rows;
}

main(async (world) => {
  const rows = [];
  const wanted = (option('--only') ?? 'simulcast,svc,loss').split(',');
  const is_wanted = (publisher) => wanted.includes(publisher === simulcast ? 'simulcast' : 'svc');
  for (const publisher of publishers.filter(is_wanted)) rows.push(...await narrow(world, publisher));
  if (wanted.includes('loss')) for (const loss of losses) rows.push(...await lossy(world, loss));
  return rows;
});
