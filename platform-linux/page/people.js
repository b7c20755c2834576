// Who else is in the room, as the server tells it: names, streams, raised hands, who is recorded.

import { isDescribedMuted } from './publication.js';

/** The server takes 128 bytes; the name of a shared screen is longer by some. */
const NAME_BYTES = 100;
const NAME_LETTERS = 60;

export class People {
  #people = new Map();
  #recorded = new Set();
  /** Our own numbers: ourselves, and our shared screen. */
  own = new Set();

  /** Everybody else as plain values for the page; `lines` are those of the subscription. */
  list(lines) {
    return [...this.#people.values()].map((person) => ({
      ...describePerson(person, lines),
      recorded: this.#recorded.has(person.id),
    }));
  }

  get(id) {
    return this.#people.get(id);
  }

  /** Somebody by their number as a text, which is what a data channel is called by. */
  find(text) {
    return [...this.#people.values()].find(({ id }) => String(id) === text);
  }

  /** Whether we are recorded, and whether anybody is. */
  get recording() {
    const all = [...this.#recorded].filter((id) => this.own.has(id) || this.#people.has(id));
    return { own: all.some((id) => this.own.has(id)), anybody: all.length > 0 };
  }

  /** The streams that can be received: `{ feed, mid, kind, layered }`. */
  streams() {
    const all = [];
    for (const { id, streams } of this.#people.values()) {
      for (const stream of streams) {
        if (stream.disabled) continue;
        all.push({ feed: id, mid: stream.mid, kind: stream.type, layered: Boolean(stream.simulcast) });
      }
    }
    return all;
  }

  see({ id, display, metadata }) {
    if (this.own.has(id)) return null;
    const person = this.#people.get(id) ?? { id, name: '', hand: 0, streams: [] };
    if (display !== undefined || !person.name) person.name = display;
    if (metadata !== undefined) person.hand = handOf(metadata);
    this.#people.set(id, person);
    return person;
  }

  publishes(publisher) {
    const person = this.see(publisher);
    if (person) person.streams = publisher.streams ?? [];
  }

  unpublishes(id) {
    const person = this.#people.get(id);
    if (person) person.streams = [];
    this.#recorded.delete(id);
  }

  leaves(id) {
    this.#people.delete(id);
    this.#recorded.delete(id);
  }

  /** Everybody who is in the room now. */
  areExactly(participants) {
    const present = new Set(participants.map(({ id }) => id));
    for (const participant of participants) this.see({ ...participant, metadata: participant.metadata ?? null });
    for (const id of [...this.#people.keys()]) if (!present.has(id)) this.leaves(id);
  }

  moderated(id, mid, muted) {
    const stream = this.#people.get(id)?.streams.find((stream) => stream.mid === mid);
    if (stream) stream.moderated = muted;
  }

  areRecorded(ids) {
    this.#recorded = new Set(ids);
  }

  clear() {
    this.#people.clear();
    this.#recorded.clear();
    this.own.clear();
  }
}

/** When somebody raised a hand, in ms since 1970; 0: it is down. */
function handOf(metadata) {
  return Number.isFinite(metadata?.hand) ? metadata.hand : 0;
}

/** `audio` and `video` are `none`, `muted` or `on`; `active` is false while our network is too slow for the picture. */
function describePerson({ id, name, hand, streams }, lines) {
  const person = {
    id,
    name: readableName(name),
    hand,
    screen: false,
    active: true,
    audio: 'none',
    video: 'none',
    layered: false,
    layer: null,
    tracks: {},
    receivers: {},
  };
  for (const stream of streams) {
    if (stream.disabled || stream.type === 'data') continue;
    person[stream.type] = stream.moderated || isDescribedMuted(stream.description) ? 'muted' : 'on';
    if (stream.description?.startsWith('screen')) person.screen = true;
    const line = lines.find((line) => line.feed === id && line.mid === stream.mid);
    if (stream.type === 'video') person.layered = Boolean(stream.simulcast);
    if (!line) continue;
    person.tracks[stream.type] = line.track;
    person.receivers[stream.type] = line.receiver;
    if (line.paused) person.active = false;
    if (stream.type === 'video') person.layer = line.layer;
  }
  return person;
}

/** Names come from strangers: one line, of a bearable length, that cannot turn the text around it. */
export function readableName(name) {
  const text = String(name ?? '')
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return cut([...text].slice(0, NAME_LETTERS)) || 'Guest';
}

function cut(letters) {
  const encoder = new TextEncoder();
  while (encoder.encode(letters.join('')).length > NAME_BYTES) letters.pop();
  return letters.join('').trim();
}
