// One tile: the picture, the sound and the plate of one person or of one shared screen. What others call themselves is
// only ever set as text.

import { words } from './words.js';

const SPEAKING_LEVEL = 0.015;
const SPEAKING_HOLD_MS = 500;
const SPECTRUM_HOLD_MS = 400;
const QUIETEST_DB = -70;
const STALLED_AFTER_MS = 4_000;
const HUES = 12;
/** What bars are called. */
export const QUALITIES = ['', 'poor', 'fair', 'good'];

export class Tile {
  #video;
  #name;
  #initial;
  #note;
  #spectrum;
  #listenedAt = -Infinity;
  #stream = new MediaStream();
  #acts;
  #level = 0;
  #bars = 0;
  #loudAt = -Infinity;
  #frames = -1;
  #framesAt = 0;
  person = null;

  /** `acts` are what the tile tells: `plays(element)`, `silenced()`, `pin(id)`, `details(id)`. */
  constructor(template, id, acts) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.#video = this.element.querySelector('video');
    this.#name = this.element.querySelector('.name');
    this.#initial = this.element.querySelector('.initial');
    this.#note = this.element.querySelector('.note');
    this.#spectrum = this.element.querySelector('.spectrum');
    this.#acts = acts;
    this.element.dataset.feed = id;
    this.element.querySelector('.pin').addEventListener('click', () => acts.pin(id));
    this.element.querySelector('.details').addEventListener('click', () => acts.details(id));
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
    dataset.hand = person.hand ? 'yes' : 'no';
    dataset.recorded = person.recorded ? 'yes' : 'no';
    this.#label();
    this.#video.muted = Boolean(person.own);
    this.#attach(person.own ? [person.tracks.video] : [person.tracks.audio, person.tracks.video]);
  }

  /** The element that plays. */
  get player() {
    return this.#video;
  }

  /** How loud it is just now, 0 to 1. */
  get level() {
    return this.#level;
  }

  /** How high the tile is in pixels of the screen, were it as wide as pictures are. */
  get lines() {
    const { clientWidth, clientHeight } = this.element;
    return Math.max(clientHeight, (clientWidth * 9) / 16) * Math.min(2, devicePixelRatio);
  }

  setPinned(pinned) {
    const button = this.element.querySelector('.pin');
    button.setAttribute('aria-pressed', pinned);
    button.setAttribute('aria-label', words(pinned ? 'Unpin {name}' : 'Pin {name}', this.person));
    this.element.querySelector('.details').setAttribute('aria-label', words('About {name}', this.person));
    this.element.dataset.pinned = pinned ? 'yes' : 'no';
  }

  /** How good the way of this person is: 1 to 3, 0 where it is not known. */
  rate(bars) {
    if (bars === this.#bars) return;
    this.#bars = bars;
    this.element.dataset.bars = bars;
    this.#label();
  }

  place({ x, y, width, height }) {
    Object.assign(this.element.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
    this.element.dataset.size = sizeOf(Math.min(width, height));
  }

  pulse(ownLevel) {
    const { own, screen, receivers, audio } = this.person;
    const heard = own ? ownLevel : (receivers.audio?.getSynchronizationSources()[0]?.audioLevel ?? 0);
    const now = performance.now();
    this.#level = audio === 'on' && !screen ? heard : 0;
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
    const { plays, silenced } = this.#acts;
    this.#video.play().then(
      () => plays(this.#video),
      (error) => error.name === 'NotAllowedError' && silenced(),
    );
  }

  remove() {
    this.#video.srcObject = null;
    this.element.remove();
  }

  #label() {
    this.element.setAttribute('aria-label', labelOf(this.person, this.#bars));
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

function labelOf({ name, own, screen, active, audio, video, hand, recorded }, bars) {
  if (screen) return own ? words('Your screen') : words('Screen of {name}', { name });
  const parts = [own ? words('{name}, you', { name }) : name];
  if (audio === 'none' && video === 'none') parts.push(words('listening'));
  else {
    if (audio !== 'on') parts.push(words('microphone off'));
    if (video !== 'on') parts.push(words('camera off'));
    else if (active === false) parts.push(words('picture paused, the network is too slow'));
  }
  if (hand) parts.push(words('hand raised'));
  if (recorded) parts.push(words('is recorded'));
  if (bars) parts.push(words(`connection ${QUALITIES[bars]}`));
  return parts.join(words(', '));
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
