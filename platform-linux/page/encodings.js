// In which sizes a camera's picture is sent, the smallest first: each viewer gets the one that suits its tile and its
// network. Pure arithmetic.

const IDS = ['l', 'm', 'h'];

/** How many sizes browsers make of how many pixels: of a smaller picture they leave the larger sizes out. */
const COUNTS = [
  { pixels: 960 * 540, count: 3 },
  { pixels: 480 * 270, count: 2 },
];

/** The most bits a second for pictures of so many lines. */
const BITRATES = [
  { lines: 200, bps: 120_000 },
  { lines: 400, bps: 450_000 },
  { lines: 600, bps: 1_000_000 },
];
const HIGHEST_BPS = 2_500_000;

/** The encodings of `track`, of which the `needed` lowest are sent. */
export function encodingsOf(track, needed = IDS.length) {
  const { width = 1280, height = 720 } = track?.getSettings() ?? {};
  const count = COUNTS.find(({ pixels }) => width * height >= pixels)?.count ?? 1;
  return IDS.map((rid, layer) => {
    const scaleResolutionDownBy = 2 ** Math.max(0, count - 1 - layer);
    const lines = Math.min(width, height) / scaleResolutionDownBy;
    const maxBitrate = BITRATES.find((step) => lines <= step.lines)?.bps ?? HIGHEST_BPS;
    return { rid, scaleResolutionDownBy, maxBitrate, active: layer < Math.min(count, needed) };
  });
}
