// One stay in a room: joins, publishes, follows who is there, and comes back by itself when something is lost.
// Speaks Janus' VideoRoom; knows nothing of the page.

import { JanusError, MISSING_ELEMENT, NO_SUCH_ROOM, Session, UNAUTHORIZED, isDeaf } from './janus.js';
import { People, readableName } from './people.js';
import { Publication } from './publication.js';
import { Silence } from './silence.js';
import { Subscription } from './subscription.js';

const PLUGIN = 'janus.plugin.videoroom';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 1_500;
const STABLE_MS = 20_000;
const ROSTER_MS = 5_000;

/** Refusals that stay as long as nobody changes something. */
const FINAL = [NO_SUCH_ROOM, MISSING_ELEMENT, UNAUTHORIZED];

export class Room {
  #options;
  #session = null;
  #handle = null;
  #publication = null;
  #publishing = null;
  #screen = null;
  #subscription = null;
  #silence = null;
  #people = new People();
  #sources = { audio: source('microphone'), video: source('camera') };
  #lastSession = 0;
  #hand = 0;
  #writes = false;
  #talks = true;
  #ceilings = new Map();
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
  /** Somebody wrote: `{ name, text }`, or a sentence of the page itself. */
  onmessage = (_message) => {};
  /** The server says who has the floor, `own` if it is us. */
  onfloor = (_id) => {};
  /** We, or others, are recorded: `{ own, anybody }`. */
  onrecording = (_recording) => {};
  /** The server lost many packets of ours. */
  onslowlink = () => {};

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
    return this.#people.list(this.#subscription?.lines() ?? []);
  }

  /** When our hand went up, in ms since 1970; 0: it is down. */
  get hand() {
    return this.#hand;
  }

  /** Raises our hand or takes it down. Who comes later sees it, too. */
  async raiseHand(up) {
    this.#hand = up ? Date.now() : 0;
    this.onpeople();
    await this.#handle?.message({ request: 'configure', metadata: this.#metadata() });
  }

  /** We are about to write: others learn of a channel before the first message comes. */
  prepareToWrite() {
    if (this.#writes) return;
    this.#writes = true;
    if (this.state === 'joined') this.#publishSafely();
  }

  /** Writes to everybody. */
  async write(text) {
    if (this.state !== 'joined') throw new JanusError(0, 'The connection is closed');
    this.#writes = true;
    await this.#publishing?.done;
    if (!this.#publication) await this.#publish();
    if (!this.#publication) throw new Error('This server passes no messages on');
    await this.#publication.send(text);
  }

  /** The highest layer, 0 to 2, that is wanted of each person's pictures: a map. */
  bound(ceilings) {
    this.#ceilings = ceilings;
    this.#subscription?.bound(ceilings);
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
    for (const entry of report.values()) if (entry.type === 'inbound-rtp') inbound.set(entry.trackIdentifier, entry);
    const roundTripTime = roundTripOf(report);
    return lines.map(({ feed, mid, kind, track, layer }) => {
      const counted = inbound.get(track.id);
      const codec = report.get(counted?.codecId)?.mimeType;
      return { ...counted, feed, mid, kind, layer, codec, roundTripTime, name: this.#people.get(feed)?.name };
    });
  }

  /** What the browser counted of what we send, and what the server reported of it: an entry for each encoding. */
  async ownStatistics() {
    if (!this.#publication) return [];
    const report = await this.#publication.connection.getStats();
    const roundTripTime = roundTripOf(report);
    return [...report.values()]
      .filter(({ type }) => type === 'outbound-rtp')
      .map((entry) => ({ ...entry, roundTripTime, lost: report.get(entry.remoteId)?.fractionLost ?? 0 }));
  }

  /** Joins anew. What was there before goes as soon as the server answers, unless it came back meanwhile. */
  async #connect() {
    const { server } = this.#options;
    const session = await Session.open(this.#attempts % 2 ? absolute(server) : server);
    if (this.state !== 'entering' && this.state !== 'reconnecting') return session.close();
    this.#tearDown();
    try {
      await this.#join(session);
    } catch (error) {
      this.#tearDown();
      throw error;
    }
  }

  async #join(session) {
    const { room, name, pin } = this.#options;
    this.#session = session;
    session.onlost = (reason) => this.#lose(reason);
    if (this.#lastSession) await session.destroyOther(this.#lastSession).catch(() => {});
    this.#lastSession = session.id;
    this.#handle = await session.attach(PLUGIN);
    this.#handle.onevent = (data) => this.#hear(data);
    this.#handle.onslowlink = (uplink) => uplink && this.onslowlink();
    const request = { request: 'join', ptype: 'publisher', room, display: name, notify_recording: true };
    if (this.#hand) request.metadata = this.#metadata();
    if (pin) request.pin = pin;
    const { data } = await this.#handle.message(request);
    this.title = data.description ?? '';
    this.#people.own.add(data.id);
    const subscriber = { room, private_id: data.private_id };
    if (pin) subscriber.pin = pin;
    this.#subscription = new Subscription(session, subscriber);
    this.#subscription.onlines = () => this.onpeople();
    this.#subscription.onfailed = (reason) => this.#lose(reason);
    this.#subscription.onmessage = (feed, text) => this.#read(feed, text);
    this.#subscription.ondeaf = () => this.onmessage('The server has no place for messages of others to you.');
    this.#subscription.bound(this.#ceilings);
    this.#silence = new Silence(() => Object.values(this.connections).filter(Boolean), session);
    this.#silence.onsilent = (reason) => this.#lose(reason, { mayReturn: true });
    this.#silence.onback = () => this.#return();
    this.state = 'joined';
    this.#joinedAt = performance.now();
    this.onstate('joined');
    for (const person of data.attendees ?? []) this.#people.see(person);
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
    const round = (this.#publishing = { again: false, done: null });
    try {
      const publishing = this.#publish();
      round.done = publishing.catch(() => {});
      await publishing;
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
    if (!this.#sources.audio.track && !this.#sources.video.track && !this.#writes) return;
    const publication = new Publication(this.#handle);
    publication.onfailed = (reason) => this.#lose(reason);
    this.#publication = publication;
    try {
      await publication.start(this.#sources, this.#options.codec, { layered: true, talks: this.#talks });
      await publication.update(this.#sources);
    } catch (error) {
      publication.close();
      if (this.#publication === publication) this.#publication = null;
      this.#writes = false;
      // To be seen and heard without being read is better than nothing.
      if (!isDeaf(error) || !this.#talks) throw error;
      this.#talks = false;
      await this.#publish();
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
      this.#people.leaves(data.id);
      this.#people.own.add(data.id);
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
    const people = this.#people;
    if (data.videoroom === 'spectrum') {
      this.onspectrum(people.own.has(data.id) ? 'own' : data.id, data['bands-dBov']);
    } else if (data.videoroom === 'dominant-speaker') {
      this.onfloor(people.own.has(data.id) ? 'own' : data.id);
    } else if (data.videoroom === 'destroyed') {
      this.#end('The room was closed.');
    } else if (data.leaving === 'ok') {
      if (data.reason === 'kicked') this.#end('You were removed from the room.');
    } else if (data.leaving !== undefined) {
      people.leaves(data.leaving);
      this.#changed();
    } else if (data.unpublished !== undefined && data.unpublished !== 'ok') {
      people.unpublishes(data.unpublished);
      this.#changed();
    } else if (data.publishers) {
      this.#takePublishers(data.publishers);
    } else if (data.joining) {
      people.see(data.joining);
      this.#changed();
    } else if (Array.isArray(data.recorded)) {
      people.areRecorded(data.recorded);
      this.#changed();
    } else if (data.recording === 'ended') {
      this.onnotice('Your recording ended by itself.');
    } else if (data.needed !== undefined) {
      this.#publication?.need(data.mid, data.needed);
    } else if (data.moderation) {
      this.#moderate(data);
    } else if (data.id !== undefined && (typeof data.display === 'string' || data.metadata !== undefined)) {
      if (people.get(data.id)) people.see(data);
      this.#changed();
    }
  }

  #read(feed, text) {
    const person = this.#people.find(feed);
    if (person) this.onmessage({ name: readableName(person.name), text });
  }

  #metadata() {
    return this.#hand ? { hand: this.#hand } : {};
  }

  #takePublishers(publishers) {
    for (const publisher of publishers) this.#people.publishes(publisher);
    this.#changed();
  }

  #moderate({ id, mid, moderation }) {
    const muted = moderation === 'muted';
    if (this.#people.own.has(id)) {
      this.onnotice(muted ? 'A moderator has muted you.' : 'A moderator lets you speak again.');
      return;
    }
    this.#people.moderated(id, mid, muted);
    this.#changed();
  }

  async #lookAround() {
    const handle = this.#handle;
    const reply = await handle.message({ request: 'listparticipants', room: this.#options.room }).catch(() => null);
    if (!reply || handle !== this.#handle) return;
    this.#people.areExactly(reply.data.participants ?? []);
    this.#changed();
  }

  #changed() {
    this.#subscription?.want(this.#people.streams());
    this.onrecording(this.#people.recording);
    this.onpeople();
  }

  /**
   * Something on the way broke: everything is built anew, which mends every kind of loss in the same way. What
   * `mayReturn` by itself stays until then.
   */
  async #lose(reason, { mayReturn = false } = {}) {
    if (this.state !== 'joined') return;
    this.state = 'reconnecting';
    if (!mayReturn) this.#tearDown();
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
        if (this.state !== 'reconnecting') return;
        if (error instanceof JanusError && FINAL.includes(error.code)) return this.#end(error);
        reason = error.message;
      }
    }
  }

  /** What was silent speaks again, and what we wanted to tell meanwhile is told. */
  #return() {
    if (this.state !== 'reconnecting') return;
    this.state = 'joined';
    this.onstate('joined');
    this.#wake();
    this.#publishSafely();
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
    this.#silence?.stop();
    this.#publication?.close();
    this.#screen?.publication?.close();
    if (this.#screen) Object.assign(this.#screen, { publication: null, handle: null });
    this.#subscription?.close();
    if (this.#session) this.#session.onlost = () => {};
    this.#session?.close();
    this.#session = this.#handle = this.#publication = this.#publishing = this.#subscription = this.#silence = null;
    this.#people.clear();
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

/**
 * The same server by the same name with a dot at its end: a browser believes for a minute what it was told of a name, and
 * asks anew for this one. A box that got another address is found by it.
 */
function absolute(server) {
  const url = new URL(server);
  if (url.hostname.endsWith('.local')) url.hostname += '.';
  return url.href;
}

/** How long the way to the server and back takes, in seconds, if that is known. */
function roundTripOf(report) {
  const pairs = [...report.values()].filter((entry) => entry.type === 'candidate-pair' && entry.nominated);
  return pairs.find((pair) => pair.currentRoundTripTime !== undefined)?.currentRoundTripTime;
}
