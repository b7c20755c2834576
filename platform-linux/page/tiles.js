// The stage: one tile for everybody and for every shared screen, in a grid or with one of them large.

import { arrange } from './layout.js';
import { Tile } from './tile.js';

/** Up to so many lines a tile shows no more than the layer with this number. */
const LAYER_LINES = [200, 400];
/** The size of tiles is followed after it has come to rest. */
const SETTLE_MS = 400;

export class Tiles {
  #stage;
  #template;
  #tiles = new Map();
  #choices = new Map();
  #bounds = '';
  #timer = 0;
  #floor = null;
  #pinned = null;
  #view = 'grid';
  /** The browser did not let a sound start: the user must press something first. */
  onsilenced = () => {};
  /** The user wants to know more of somebody. */
  ondetails = (_id) => {};
  /** Somebody was pinned, or nobody is any more. */
  onpin = (_id) => {};
  /** The highest layer that is worth receiving of each person's picture: a map by id. */
  onbounds = (_bounds) => {};
  /** An element plays, or is gone. */
  onplayer = (_element, _isThere) => {};

  constructor(stage, template) {
    this.#stage = stage;
    this.#template = template;
    new ResizeObserver(() => this.#place()).observe(stage);
  }

  /**
   * Shows exactly these people, in this order:
   * `{ id, name, own, screen, audio, video, hand, recorded, tracks, receivers }`, `audio` and `video` being `none`,
   * `muted` or `on`.
   */
  show(people) {
    const present = new Set(people.map((person) => person.id));
    for (const [id, tile] of this.#tiles) {
      if (present.has(id)) continue;
      this.onplayer(tile.player, false);
      tile.remove();
      this.#tiles.delete(id);
      this.#choices.delete(id);
    }
    const ordered = [...people].sort((a, b) => rank(a) - rank(b));
    for (const person of ordered) {
      let tile = this.#tiles.get(person.id);
      if (!tile) {
        tile = new Tile(this.#template, person.id, {
          plays: (player) => this.onplayer(player, true),
          silenced: () => this.onsilenced(),
          pin: (id) => this.pin(id === this.#pinned ? null : id),
          details: (id) => this.ondetails(id),
        });
        this.#tiles.set(person.id, tile);
      }
      tile.show(person);
      tile.setPinned(person.id === this.#pinned);
    }
    this.#reorder(ordered);
    if (this.#pinned !== null && !present.has(this.#pinned)) this.pin(null);
    else this.#place();
  }

  /** Who is shown there, as they were given. */
  person(id) {
    return this.#tiles.get(id)?.person;
  }

  get view() {
    return this.#view;
  }

  get pinned() {
    return this.#pinned;
  }

  /** `grid`, or `speaker`: who has the floor is large. */
  setView(view) {
    this.#view = view;
    this.#place();
  }

  /** Somebody is large until somebody else is pinned, or nobody (null). */
  pin(id) {
    this.#tiles.get(this.#pinned)?.setPinned(false);
    this.#pinned = id;
    this.#tiles.get(id)?.setPinned(true);
    this.#place();
    this.onpin(id);
  }

  /** Who has the floor. */
  setFloor(id) {
    this.#floor = id;
    if (this.#view === 'speaker') this.#place();
  }

  /** The layer that the user chose for somebody's picture; null: by the size of the tile. */
  choice(id) {
    return this.#choices.get(id) ?? null;
  }

  choose(id, layer) {
    if (layer === null) this.#choices.delete(id);
    else this.#choices.set(id, layer);
    this.#tellBounds();
  }

  /** Starts every sound that was held back. */
  resume() {
    for (const tile of this.#tiles.values()) tile.play();
  }

  /** Called several times a second: who speaks. `ownLevel` is that of our microphone. Gives the others' levels. */
  pulse(ownLevel) {
    const levels = new Map();
    for (const [id, tile] of this.#tiles) {
      tile.pulse(ownLevel);
      if (!tile.person.own && !tile.person.screen) levels.set(id, tile.level);
    }
    return levels;
  }

  /** The bands of somebody's sound, in dB to the loudest. */
  listen(id, bands) {
    this.#tiles.get(id)?.listen(bands);
  }

  /** Called with fresh statistics: whose pictures have stopped. */
  observe(statistics) {
    for (const entry of statistics)
      if (entry.kind === 'video') this.#tiles.get(entry.feed)?.observe(entry.framesDecoded ?? 0);
  }

  /** How good somebody's way is, 1 to 3. */
  rate(id, bars) {
    this.#tiles.get(id)?.rate(bars);
  }

  #reorder(people) {
    people.forEach((person, index) => {
      const { element } = this.#tiles.get(person.id);
      // Moving an element stops its video: move only what stands elsewhere.
      if (this.#stage.children[index] !== element)
        this.#stage.insertBefore(element, this.#stage.children[index] ?? null);
    });
  }

  /** Elements keep their order: only their places change, so that no video stops. */
  #place() {
    const tiles = [...this.#tiles.values()].sort((a, b) => rank(a.person) - rank(b.person));
    const large = this.#large(tiles);
    const ordered = [...large, ...tiles.filter((tile) => !large.includes(tile))];
    const places = arrange(this.#stage.clientWidth, this.#stage.clientHeight, ordered.length, large.length);
    ordered.forEach((tile, index) => {
      tile.place(places[index]);
      tile.element.dataset.large = index < large.length ? 'yes' : 'no';
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tellBounds(), SETTLE_MS);
  }

  /** Which tiles get the stage: who is pinned, else the screens, else in the speaker view who has the floor. */
  #large(tiles) {
    const pinned = tiles.filter((tile) => tile.person.id === this.#pinned);
    if (pinned.length) return pinned;
    const screens = tiles.filter(({ person }) => person.screen && !person.own);
    if (screens.length || this.#view !== 'speaker') return screens;
    const others = tiles.filter(({ person }) => !person.own);
    return [others.find(({ person }) => person.id === this.#floor) ?? others[0]].filter(Boolean);
  }

  #tellBounds() {
    const bounds = new Map();
    for (const [id, tile] of this.#tiles) {
      if (!tile.person.own && tile.person.layered) bounds.set(id, this.choice(id) ?? layerOf(tile.lines));
    }
    const text = JSON.stringify([...bounds]);
    if (text === this.#bounds) return;
    this.#bounds = text;
    this.onbounds(bounds);
  }
}

function layerOf(lines) {
  const layer = LAYER_LINES.findIndex((most) => lines <= most);
  return layer < 0 ? LAYER_LINES.length : layer;
}

/** Screens first, ourselves last. */
function rank(person) {
  if (person.screen && !person.own) return 0;
  return person.own ? 2 : 1;
}
