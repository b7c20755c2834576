// The stage: one tile for everybody and for every shared screen. What others call themselves is only ever set as text.

import { arrange } from './layout.js';
import { words } from './words.js';

const SPEAKING_LEVEL = 0.015;
const SPEAKING_HOLD_MS = 500;
const SPECTRUM_HOLD_MS = 400;
const QUIETEST_DB = -70;
const STALLED_AFTER_MS = 4_000;
const HUES = 12;

export class Tiles {
  #stage;
  #template;
  #tiles = new Map();
  /** The browser did not let a sound start: the user must press something first. */
  onsilenced = () => {};

  constructor(stage, template) {
    this.#stage = stage;
    this.#template = template;
    new ResizeObserver(() => this.#place()).observe(stage);
  }

  /**
   * Shows exactly these people, in this order:
   * `{ id, name, own, screen, audio, video, tracks, receivers }`, `audio` and `video` being `none`, `muted` or `on`.
   */
  show(people) {
    const present = new Set(people.map((person) => person.id));
    for (const [id, tile] of this.#tiles) {
      if (present.has(id)) continue;
      tile.remove();
      this.#tiles.delete(id);
    }
    const ordered = [...people].sort((a, b) => rank(a) - rank(b));
    for (const person of ordered) {
      let tile = this.#tiles.get(person.id);
      if (!tile) {
        tile = new Tile(this.#template, person.id, () => this.onsilenced());
        this.#tiles.set(person.id, tile);
      }
      tile.show(person);
    }
    this.#reorder(ordered);
    this.#place();
  }

  /** Starts every sound that was held back. */
  resume() {
    for (const tile of this.#tiles.values()) tile.play();
  }

  /** Called several times a second: who speaks. `ownLevel` is that of our microphone. */
  pulse(ownLevel) {
    for (const tile of this.#tiles.values()) tile.pulse(ownLevel);
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

  #reorder(people) {
    people.forEach((person, index) => {
      const { element } = this.#tiles.get(person.id);
      // Moving an element stops its video: move only what stands elsewhere.
      if (this.#stage.children[index] !== element)
        this.#stage.insertBefore(element, this.#stage.children[index] ?? null);
    });
  }

  #place() {
    const tiles = [...this.#tiles.values()].sort((a, b) => rank(a.person) - rank(b.person));
    const featured = tiles.filter((tile) => isFeatured(tile.person)).length;
    const places = arrange(this.#stage.clientWidth, this.#stage.clientHeight, tiles.length, featured);
    tiles.forEach((tile, index) => tile.place(places[index]));
  }
}

/** A screen gets the stage, but not our own: we would look into a mirror of mirrors. */
function isFeatured(person) {
  return person.screen && !person.own;
}

/** Screens first, ourselves last. */
function rank(person) {
  if (isFeatured(person)) return 0;
  return person.own ? 2 : 1;
}

class Tile {
  #video;
  #name;
  #initial;
  #note;
  #spectrum;
  #listenedAt = -Infinity;
  #stream = new MediaStream();
  #silenced;
  #loudAt = -Infinity;
  #frames = -1;
  #framesAt = 0;
  person = null;

  constructor(template, id, silenced) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.#video = this.element.querySelector('video');
    this.#name = this.element.querySelector('.name');
    this.#initial = this.element.querySelector('.initial');
    this.#note = this.element.querySelector('.note');
    this.#spectrum = this.element.querySelector('.spectrum');
    this.#silenced = silenced;
    this.element.dataset.feed = id;
    this.#video.srcObject = this.#stream;
  }

  show(person) {
    const { dataset } = this.element;
    this.person = person;
    dataset.own = person.own ? 'yes' : 'no';
    dataset.screen = person.screen ? 'yes' : 'no';
    dataset.audio = person.audio;
    dataset.active = person.active === false ? 'no' : 'yes';
    if (person.video !== 'on' || dataset.video !== 'stalled') dataset.video = person.video;
    dataset.hue = hueOf(person.name);
    this.#name.textContent = person.own && !person.screen ? words('{name} (you)', person) : person.name;
    this.#initial.textContent = initialsOf(person.name);
    this.#note.textContent = noteOf(person);
    this.element.setAttribute('aria-label', labelOf(person));
    this.#video.muted = Boolean(person.own);
    this.#attach(person.own ? [person.tracks.video] : [person.tracks.audio, person.tracks.video]);
  }

  place({ x, y, width, height }) {
    Object.assign(this.element.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
    this.element.dataset.size = sizeOf(Math.min(width, height));
  }

  pulse(ownLevel) {
    const { own, screen, receivers, audio } = this.person;
    const heard = own ? ownLevel : (receivers.audio?.getSynchronizationSources()[0]?.audioLevel ?? 0);
    const now = performance.now();
    if (audio === 'on' && !screen && heard > SPEAKING_LEVEL) this.#loudAt = now;
    if (now - this.#listenedAt > SPECTRUM_HOLD_MS) this.#spectrum.hidden = true;
    this.element.dataset.speaking = now - this.#loudAt < SPEAKING_HOLD_MS && audio === 'on' ? 'yes' : 'no';
  }

  listen(bands) {
    const spectrum = this.#spectrum;
    while (spectrum.childElementCount < bands.length) spectrum.append(document.createElement('i'));
    bands.forEach((level, index) => {
      const height = Math.max(0, 1 - level / QUIETEST_DB);
      spectrum.children[index].style.height = `${Math.round(100 * height)}%`;
    });
    spectrum.hidden = false;
    this.#listenedAt = performance.now();
  }

  observe(frames) {
    const now = performance.now();
    if (frames !== this.#frames) {
      this.#frames = frames;
      this.#framesAt = now;
    }
    if (this.person.video === 'on') {
      this.element.dataset.video = now - this.#framesAt > STALLED_AFTER_MS || !frames ? 'stalled' : 'on';
    }
  }

  play() {
    this.#video.play().catch((error) => {
      if (error.name === 'NotAllowedError') this.#silenced();
    });
  }

  remove() {
    this.#video.srcObject = null;
    this.element.remove();
  }

  #attach(wanted) {
    const tracks = wanted.filter(Boolean);
    let changed = false;
    for (const track of this.#stream.getTracks()) {
      if (tracks.includes(track)) continue;
      this.#stream.removeTrack(track);
      changed = true;
    }
    for (const track of tracks) {
      if (this.#stream.getTracks().includes(track)) continue;
      this.#stream.addTrack(track);
      changed = true;
    }
    if (changed && tracks.length) this.play();
  }
}

function sizeOf(pixels) {
  if (pixels < 150) return 'small';
  return pixels < 220 ? 'medium' : 'large';
}

function noteOf({ own, screen, active, audio, video }) {
  if (active === false) return words('Your network is too slow for this picture');
  if (screen) return '';
  if (audio === 'none' && video === 'none') return words(own ? 'You are listening' : 'Listening');
  return '';
}

function labelOf({ name, own, screen, active, audio, video }) {
  if (screen) return own ? words('Your screen') : words('Screen of {name}', { name });
  const parts = [own ? words('{name}, you', { name }) : name];
  if (audio === 'none' && video === 'none') parts.push(words('listening'));
  else {
    if (audio !== 'on') parts.push(words('microphone off'));
    if (video !== 'on') parts.push(words('camera off'));
    else if (active === false) parts.push(words('picture paused, the network is too slow'));
  }
  return parts.join(', ');
}

function initialsOf(name) {
  const parts = name.split(' ').filter(Boolean);
  const letters = parts.length > 1 ? [parts[0], parts.at(-1)] : parts;
  return letters
    .map((part) => [...part][0])
    .join('')
    .toUpperCase();
}

/** The same name has the same colour everywhere. */
function hueOf(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return hash % HUES;
}
