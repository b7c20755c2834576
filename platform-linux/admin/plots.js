// Plots of the last ten minutes.

const MINUTES = 10;
const WIDTH = 600;
const HEIGHT = 100;
const SVG = 'http://www.w3.org/2000/svg';

/** Points in time, each with some values; those older than ten minutes are forgotten. */
export class History {
  #points = [];

  add(at, values) {
    this.#points.push({ at, values });
    const oldest = at - MINUTES * 60_000;
    while (this.#points.length && this.#points[0].at < oldest) this.#points.shift();
  }

  /** Draws into an `svg`, from zero to `most` or to the highest value. */
  draw(svg, most) {
    if (!this.#points.length) return;
    const now = this.#points.at(-1).at;
    const count = this.#points[0].values.length;
    const highest = Math.max(most ?? 0, ...this.#points.flatMap((point) => point.values), 1e-9);
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.replaceChildren(...[0.02, 0.5, 0.98].map(line));
    for (let index = 0; index < count; index++) {
      const steps = this.#points.map(({ at, values }) => {
        const x = WIDTH * (1 - (now - at) / (MINUTES * 60_000));
        return `${x.toFixed(1)} ${(HEIGHT * (0.98 - 0.96 * (values[index] / highest))).toFixed(1)}`;
      });
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('d', `M${steps.join('L')}`);
      svg.append(path);
    }
  }
}

function line(part) {
  const mark = document.createElementNS(SVG, 'line');
  const y = String(HEIGHT * part);
  for (const [name, value] of [['x1', '0'], ['x2', String(WIDTH)], ['y1', y], ['y2', y]]) mark.setAttribute(name, value);
  return mark;
}
