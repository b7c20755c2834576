// How long a call stands still: what was decoded and heard, and what the server says of what is sent, looked at again
// and again in the tab itself, over all PeerConnections that it has meanwhile.

const LOOK_MS = 100;

/** Begins to look in each of `tabs`, does `act`, and ends: the longest gaps of all of them, in ms, by what it was. */
export async function gapsWhile(tabs, act) {
  await Promise.all(tabs.map((tab) => tab.page.evaluate(begin, LOOK_MS)));
  await act();
  const all = await Promise.all(tabs.map((tab) => tab.page.evaluate(() => globalThis.gaps.end())));
  const names = [...new Set(all.flatMap(Object.keys))];
  return Object.fromEntries(names.map((name) => [name, Math.max(...all.map((gaps) => gaps[name] ?? 0))]));
}

/**
 * In the tab. A counter that is another one than before moved: of a new PeerConnection it begins at 0 again. Where the tab
 * itself could not look for a while, it moved soon after the last look for all that is known.
 */
function begin(period) {
  const seen = new Map();
  const longest = {};
  let lastLook = performance.now();
  const look = (name, counter, now) => {
    const last = seen.get(name) ?? { counter: null, at: lastLook };
    const isMoved = counter !== 0 && counter !== last.counter;
    const until = isMoved ? Math.min(now, lastLook + 2 * period) : now;
    longest[name] = Math.round(Math.max(longest[name] ?? 0, until - last.at));
    if (isMoved) seen.set(name, { counter, at: now });
    else seen.set(name, last);
  };
  const counted = async (connection, type, key) => {
    const report = await connection?.getStats();
    return [...(report?.values() ?? [])].filter((entry) => entry.type === type).reduce((sum, it) => sum + it[key], 0);
  };
  const lookAtAll = async () => {
    const { publisher } = parlor.connections;
    const [frames, sent, heard] = await Promise.all([
      parlor.statistics(),
      counted(publisher, 'outbound-rtp', 'packetsSent'),
      counted(publisher, 'transport', 'packetsReceived'),
    ]);
    const now = performance.now();
    const sum = (kind, key) => frames.filter((entry) => entry.kind === kind).reduce((all, it) => all + (it[key] ?? 0), 0);
    const counters = {
      'a picture': sum('video', 'framesDecoded'),
      sound: sum('audio', 'packetsReceived'),
      'something sent': sent,
      'word of the server on it': heard,
    };
    for (const [name, counter] of Object.entries(counters)) look(name, counter, now);
    lastLook = now;
  };
  let isEnded = false;
  const looking = (async () => {
    while (!isEnded) {
      await lookAtAll();
      await new Promise((resolve) => setTimeout(resolve, period));
    }
    await lookAtAll();
  })();
  globalThis.gaps = {
    end: async () => {
      isEnded = true;
      await looking;
      return longest;
    },
  };
}
