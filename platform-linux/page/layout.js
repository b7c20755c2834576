// Where the tiles stand: the largest tiles that all fit without scrolling. Pure arithmetic.

const GAP = 12;
const WIDEST = 16 / 9;
/** Phones held upright take tall pictures; on a wide stage tall tiles would cut heads off. */
const NARROWEST = { upright: 9 / 16, wide: 1 };
const STRIP_SHARE = 0.22;

/**
 * Places `count` tiles into a stage of `width` by `height` pixels and returns `{ x, y, width, height }` for each.
 * The first `featured` of them (shared screens) get the stage, the others a strip beside or below them.
 */
export function arrange(width, height, count, featured = 0) {
  const others = count - featured;
  if (!featured || !others) return grid(0, 0, width, height, count, featured > 0);
  if (width > height) {
    const strip = Math.max(150, width * STRIP_SHARE);
    const main = width - strip - GAP;
    return [...grid(0, 0, main, height, featured, true), ...grid(main + GAP, 0, strip, height, others)];
  }
  const strip = Math.max(120, height * STRIP_SHARE);
  const main = height - strip - GAP;
  return [...grid(0, 0, width, main, featured, true), ...grid(0, main + GAP, width, strip, others)];
}

/** The best of all numbers of columns; `whole` gives each tile its whole cell. */
function grid(left, top, width, height, count, whole = false) {
  const narrowest = height > width ? NARROWEST.upright : NARROWEST.wide;
  let best = null;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = fit(
      (width - GAP * (columns - 1)) / columns,
      (height - GAP * (rows - 1)) / rows,
      whole ? null : narrowest,
    );
    if (!best || size.area > best.area + 1) best = { ...size, columns, rows };
  }
  if (!best) return [];
  const tiles = [];
  const firstY = top + (height - best.rows * best.height - (best.rows - 1) * GAP) / 2;
  for (let index = 0; index < count; index++) {
    const row = Math.floor(index / best.columns);
    const inRow = Math.min(best.columns, count - row * best.columns);
    const firstX = left + (width - inRow * best.width - (inRow - 1) * GAP) / 2;
    tiles.push({
      x: firstX + (index % best.columns) * (best.width + GAP),
      y: firstY + row * (best.height + GAP),
      width: best.width,
      height: best.height,
    });
  }
  return tiles;
}

/** The largest tile of a pleasant shape in a cell; without a narrowest shape, the cell itself. */
function fit(width, height, narrowest) {
  if (width <= 0 || height <= 0) return { width: 0, height: 0, area: 0 };
  if (narrowest) {
    if (width / height > WIDEST) width = height * WIDEST;
    else if (width / height < narrowest) height = width / narrowest;
  }
  return { width, height, area: width * height };
}
