// One stay in a room: joins, publishes, follows who is there, and comes back by itself when something is lost.
// Speaks Janus' VideoRoom; knows nothing of the page.

import { JanusError, Session } from './janus.js';
import { Publication, isDescribedMuted } from './publication.js';
import { Subscription } from './subscription.js';

const PLUGIN = 'janus.plugin.videoroom';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 1_500;
const STABLE_MS = 20_000;
const ROSTER_MS = 5_000;

/** VideoRoom's numbers that a page can explain. */
export const NO_SUCH_ROOM = 426;
export const MISSING_ELEMENT = 429;
export const ROOM_FULL = 432;
export const UNAUTHORIZED = 433;
const FINAL = [NO_SUCH_ROOM, MISSING_ELEMENT, UNAUTHORIZED];

export class Room {
  #options;
  #session = null;
  #handle = null;
  #publication = null;
  #publishing = null;
  #screen = null;
  #subscription = null;
  #people = new Map();
  #own = new Set();
  #sources = { audio: source('microphone'), video: source('camera') };
  #lastSession = 0;
  #attempts = 0;
  #joinedAt = 0;
  #roster = 0;
  #wake = () => {};
  #followNetwork = () => this.#wake();

  state = 'outside';
  title = '';
  /** `joined`, `reconnecting` with a reason, or `outside` with an error or a sentence if it was not our wish. */
  onstate = (_state, _detail) => {};
  /** Somebody came, went or changed, or a track did. */
  onpeople = () => {};
  /** Something worth a sentence: an `Error` or a string. */
  onnotice = (_notice) => {};
  onscreen = (_on) => {};
  /** How loud each band of somebody's sound is, in dB to the loudest; for rooms with `audio_spectrum_event`. */
  onspectrum = (_id, _bands) => {};

  /** `{ server, room, name, pin, codec }`; the codec is undefined for the usual one. */
  constructor(options) {
    this.#options = options;
  }

  /** Resolves when we are in for the first time, rejects if we cannot be. */
  async enter() {
    this.state = 'entering';
    addEventListener('online', this.#followNetwork);
    try {
      await this.#connect();
    } catch (error) {
      this.#finish();
      throw error;
    }
  }

  leave() {
    this.#finish();
    this.onstate('outside');
  }

  /** Everybody else, screens included, as plain values for the page. */
  people() {
    const lines = this.#subscription?.lines() ?? [];
    return [...this.#people.values()].map((person) => describePerson(person, lines));
  }

  /** What we send of a kind from now on: `track` may be null, `on` is what the others are told. */
  setSource(kind, track, on) {
    Object.assign(this.#sources[kind], { track, on });
    if (this.state === 'joined') this.#publishSafely();
  }

  async shareScreen(stream) {
    this.#screen = { stream, publication: null };
    stream.getVideoTracks()[0].onended = () => this.stopScreen();
    this.onscreen(true);
    await this.#publishScreen();
  }

  stopScreen() {
    if (!this.#screen) return;
    const { stream, publication, handle } = this.#screen;
    this.#screen = null;
    stream.getTracks().forEach((track) => track.stop());
    publication?.close();
    handle?.detach();
    this.onscreen(false);
  }

  get connections() {
    return {
      publisher: this.#publication?.connection ?? null,
      screen: this.#screen?.publication?.connection ?? null,
      subscriber: this.#subscription?.connection ?? null,
    };
  }

  /** The received lines with what the browser counted on them. */
  async statistics() {
    const lines = this.#subscription?.lines() ?? [];
    if (!lines.length) return [];
    const report = await this.#subscription.connection.getStats();
    const inbound = new Map();
    for (const entry of report.values()) if (entry.type === 'inbound-rtp') inbound.set(entry.mid, entry);
    return lines.map(({ feed, mid, kind, line }) => {
      const counted = inbound.get(line);
      const codec = report.get(counted?.codecId)?.mimeType;
      return { ...counted, feed, mid, kind, codec, name: this.#people.get(feed)?.name };
    });
  }

  async #connect() {
    const { server, room, name, pin } = this.#options;
    const session = await Session.open(server);
    this.#session = session;
    session.onlost = (reason) => this.#lose(reason);
    if (this.#lastSession) await session.destroyOther(this.#lastSession).catch(() => {});
    this.#lastSession = session.id;
    this.#handle = await session.attach(PLUGIN);
    this.#handle.onevent = (data) => this.#hear(data);
    const request = { request: 'join', ptype: 'publisher', room, display: name };
    if (pin) request.pin = pin;
    const { data } = await this.#handle.message(request);
    this.title = data.description ?? '';
    this.#own.add(data.id);
    const subscriber = { room, private_id: data.private_id };
    if (pin) subscriber.pin = pin;
    this.#subscription = new Subscription(session, subscriber);
    this.#subscription.onlines = () => this.onpeople();
    this.#subscription.onfailed = (reason) => this.#lose(reason);
    this.state = 'joined';
    this.#joinedAt = performance.now();
    this.onstate('joined');
    for (const person of data.attendees ?? []) this.#see(person.id, person.display);
    this.#takePublishers(data.publishers ?? []);
    // Without `notify_joining` nobody tells of those who only listen, so we look.
    if (!data.attendees) {
      this.#lookAround();
      this.#roster = setInterval(() => this.#lookAround(), ROSTER_MS);
    }
    this.#publishSafely();
    if (this.#screen) this.#publishScreen();
  }

  /** Publishes or brings the publication in step; changes that come meanwhile are taken by one further round. */
  async #publishSafely() {
    if (this.#publishing) {
      this.#publishing.again = true;
      return;
    }
    const round = (this.#publishing = { again: false });
    try {
      await this.#publish();
    } catch (error) {
      if (this.#publishing === round && this.state === 'joined') this.onnotice(error);
    }
    if (this.#publishing !== round) return;
    this.#publishing = null;
    if (round.again) this.#publishSafely();
  }

  async #publish() {
    if (this.#publication) {
      await this.#publication.update(this.#sources);
      return;
    }
    if (!this.#sources.audio.track && !this.#sources.video.track) return;
    const publication = new Publication(this.#handle);
    publication.onfailed = (reason) => this.#lose(reason);
    this.#publication = publication;
    try {
      await publication.start(this.#sources, this.#options.codec);
      await publication.update(this.#sources);
    } catch (error) {
      publication.close();
      if (this.#publication === publication) this.#publication = null;
      throw error;
    }
  }

  async #publishScreen() {
    const screen = this.#screen;
    const { room, name, pin, codec } = this.#options;
    try {
      screen.handle = await this.#session.attach(PLUGIN);
      const request = { request: 'join', ptype: 'publisher', room, display: `${name} (screen)` };
      if (pin) request.pin = pin;
      const { data } = await screen.handle.message(request);
      this.#own.add(data.id);
      this.#people.delete(data.id);
      screen.publication = new Publication(screen.handle);
      screen.publication.onfailed = (reason) => this.#lose(reason);
      const sources = { video: { ...source('screen'), track: screen.stream.getVideoTracks()[0], on: true } };
      const sound = screen.stream.getAudioTracks()[0];
      if (sound) sources.audio = { ...source('screen sound'), track: sound, on: true };
      await screen.publication.start(sources, codec);
      if (this.#screen !== screen) {
        screen.publication.close();
        screen.handle.detach();
      }
    } catch (error) {
      if (this.#screen !== screen || this.state !== 'joined') return;
      this.stopScreen();
      this.onnotice(error);
    }
  }

  #hear(data) {
    if (data.videoroom === 'spectrum') {
      this.onspectrum(this.#own.has(data.id) ? 'own' : data.id, data['bands-dBov']);
    } else if (data.videoroom === 'destroyed') {
      this.#end('The room was closed.');
    } else if (data.leaving === 'ok') {
      if (data.reason === 'kicked') this.#end('You were removed from the room.');
    } else if (data.leaving !== undefined) {
      this.#people.delete(data.leaving);
      this.#changed();
    } else if (data.unpublished !== undefined && data.unpublished !== 'ok') {
      const person = this.#people.get(data.unpublished);
      if (person) person.streams = [];
      this.#changed();
    } else if (data.publishers) {
      this.#takePublishers(data.publishers);
    } else if (data.joining) {
      this.#see(data.joining.id, data.joining.display);
      this.#changed();
    } else if (data.needed !== undefined) {
      this.#publication?.need(data.mid, data.needed);
    } else if (data.moderation) {
      this.#moderate(data);
    } else if (data.id !== undefined && typeof data.display === 'string') {
      if (this.#people.has(data.id)) this.#see(data.id, data.display);
      this.#changed();
    }
  }

  #see(id, name) {
    if (this.#own.has(id)) return null;
    const person = this.#people.get(id) ?? { id, streams: [] };
    person.name = name;
    this.#people.set(id, person);
    return person;
  }

  #takePublishers(publishers) {
    for (const publisher of publishers) {
      const person = this.#see(publisher.id, publisher.display);
      if (person) person.streams = publisher.streams ?? [];
    }
    this.#changed();
  }

  #moderate({ id, mid, moderation }) {
    const muted = moderation === 'muted';
    if (this.#own.has(id)) {
      this.onnotice(muted ? 'A moderator has muted you.' : 'A moderator lets you speak again.');
      return;
    }
    const stream = this.#people.get(id)?.streams.find((stream) => stream.mid === mid);
    if (stream) stream.moderated = muted;
    this.#changed();
  }

  async #lookAround() {
    const handle = this.#handle;
    const reply = await handle.message({ request: 'listparticipants', room: this.#options.room }).catch(() => null);
    if (!reply || handle !== this.#handle) return;
    const present = new Set();
    for (const { id, display } of reply.data.participants ?? []) {
      present.add(id);
      this.#see(id, display);
    }
    for (const id of [...this.#people.keys()]) if (!present.has(id)) this.#people.delete(id);
    this.#changed();
  }

  #changed() {
    const wanted = [];
    for (const person of this.#people.values()) {
      for (const stream of person.streams) {
        if (!stream.disabled && stream.type !== 'data') wanted.push({ feed: person.id, mid: stream.mid });
      }
    }
    this.#subscription?.want(wanted);
    this.onpeople();
  }

  /** Something on the way broke: everything is built anew, which mends every kind of loss in the same way. */
  async #lose(reason) {
    if (this.state !== 'joined') return;
    this.state = 'reconnecting';
    this.#tearDown();
    this.onpeople();
    if (performance.now() - this.#joinedAt > STABLE_MS) this.#attempts = 0;
    while (this.state === 'reconnecting') {
      this.onstate('reconnecting', reason);
      await this.#pause();
      if (this.state !== 'reconnecting') return;
      try {
        await this.#connect();
        return;
      } catch (error) {
        this.#tearDown();
        if (this.state !== 'reconnecting') return;
        if (error instanceof JanusError && FINAL.includes(error.code)) return this.#end(error);
        reason = error.message;
      }
    }
  }

  #pause() {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#attempts++) * (0.75 + Math.random() / 2);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tearDown() {
    clearInterval(this.#roster);
    this.#publication?.close();
    this.#screen?.publication?.close();
    if (this.#screen) Object.assign(this.#screen, { publication: null, handle: null });
    this.#subscription?.close();
    if (this.#session) this.#session.onlost = () => {};
    this.#session?.close();
    this.#session = this.#handle = this.#publication = this.#publishing = this.#subscription = null;
    this.#people.clear();
    this.#own.clear();
  }

  #end(detail) {
    this.#finish();
    this.onstate('outside', detail);
  }

  #finish() {
    this.state = 'outside';
    removeEventListener('online', this.#followNetwork);
    this.#wake();
    this.stopScreen();
    this.#tearDown();
  }
}

function source(name) {
  return { name, track: null, on: false };
}

/** `audio` and `video` are `none`, `muted` or `on`; `active` is false while our network is too slow for the picture. */
function describePerson({ id, name, streams }, lines) {
  const person = {
    id,
    name: readableName(name),
    screen: false,
    active: true,
    audio: 'none',
    video: 'none',
    tracks: {},
    receivers: {},
  };
  for (const stream of streams) {
    if (stream.disabled || stream.type === 'data') continue;
    person[stream.type] = stream.moderated || isDescribedMuted(stream.description) ? 'muted' : 'on';
    if (stream.description?.startsWith('screen')) person.screen = true;
    const line = lines.find((line) => line.feed === id && line.mid === stream.mid);
    if (!line) continue;
    person.tracks[stream.type] = line.track;
    person.receivers[stream.type] = line.receiver;
    if (line.paused) person.active = false;
  }
  return person;
}

/** Names come from strangers: one line, of a bearable length, that cannot turn the text around it. */
export function readableName(name) {
  const text = String(name ?? '')
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return [...text].slice(0, 60).join('') || 'Guest';
}
