// How good everybody's way is, from what the browser counts: bars from 1 to 3, and figures. Pure arithmetic.

/** What each number of bars takes at most; whatever is worse has one. */
const MARKS = [
  { bars: 3, loss: 0.02, roundTripMs: 250, jitterMs: 40 },
  { bars: 2, loss: 0.06, roundTripMs: 500, jitterMs: 100 },
];
/** Each second's loss counts so much in the figure that is shown. */
const FRESHNESS = 0.4;
const SLOW_MS = 6_000;

export class Quality {
  #before = new Map();
  #loss = new Map();
  #slowAt = -Infinity;

  /** The server lost many packets of ours. */
  slow(now) {
    this.#slowAt = now;
  }

  /** From `entries` of received streams, at `now` in ms: for each feed `{ bars, loss, roundTripMs, audio, video }`. */
  received(now, entries) {
    const all = new Map();
    for (const entry of entries) {
      const { feed } = entry;
      const figures = all.get(feed) ?? { loss: 0, jitterMs: 0, ...roundTripOf(entry) };
      const { bytesReceived, packetsReceived, packetsLost } = entry;
      const rate = this.#rate(`${feed} ${entry.mid}`, now, bytesReceived, packetsReceived, packetsLost);
      figures.loss = Math.max(figures.loss, rate.loss);
      figures.jitterMs = Math.max(figures.jitterMs, (entry.jitter ?? 0) * 1000);
      figures[entry.kind] = pictureOf(entry, rate.kbps, entry.layer);
      all.set(feed, figures);
    }
    for (const figures of all.values()) figures.bars = barsOf(figures);
    return all;
  }

  /** The same of what we send: `entries` are its encodings. `layers` has each picture. */
  sent(now, entries) {
    if (!entries.length) return null;
    const figures = { loss: 0, jitterMs: 0, layers: [], limited: '', ...roundTripOf(entries[0]) };
    for (const entry of entries) {
      const { kbps } = this.#rate(`own ${entry.ssrc}`, now, entry.bytesSent, entry.packetsSent, 0);
      figures.loss = Math.max(figures.loss, entry.lost);
      if (entry.kind === 'audio') figures.audio = { kbps };
      else figures.layers.push(pictureOf(entry, kbps));
      if (['bandwidth', 'cpu'].includes(entry.qualityLimitationReason)) figures.limited = entry.qualityLimitationReason;
    }
    figures.layers.sort((a, b) => (a.width ?? 0) - (b.width ?? 0));
    figures.bars = barsOf(figures);
    if (now - this.#slowAt < SLOW_MS) figures.bars = Math.min(figures.bars, 2);
    return figures;
  }

  /** Kbit/s and the smoothed share of lost packets since the last time. */
  #rate(key, now, bytes = 0, packets = 0, lost = 0) {
    const before = this.#before.get(key);
    this.#before.set(key, { now, bytes, packets, lost });
    if (!before || packets < before.packets || now <= before.now) return { kbps: 0, loss: 0 };
    const missing = Math.max(0, lost - before.lost);
    const expected = packets - before.packets + missing;
    const loss = expected ? missing / expected : 0;
    const smooth = (this.#loss.get(key) ?? loss) * (1 - FRESHNESS) + loss * FRESHNESS;
    this.#loss.set(key, smooth);
    return { kbps: Math.round(((bytes - before.bytes) * 8) / (now - before.now)), loss: smooth };
  }
}

function barsOf({ loss, roundTripMs = 0, jitterMs }) {
  const holds = (mark) => loss <= mark.loss && roundTripMs <= mark.roundTripMs && jitterMs <= mark.jitterMs;
  return MARKS.find(holds)?.bars ?? 1;
}

function roundTripOf({ roundTripTime }) {
  return roundTripTime === undefined ? {} : { roundTripMs: Math.round(roundTripTime * 1000) };
}

function pictureOf({ frameWidth, frameHeight, framesPerSecond }, kbps, layer) {
  return { width: frameWidth, height: frameHeight, fps: Math.round(framesPerSecond ?? 0), kbps, layer };
}
