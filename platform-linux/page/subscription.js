// What we receive: one subscriber handle, one PeerConnection, as many lines as there are streams in the room, and one
// for all messages. The server offers, we answer. Requests go one at a time; what is wanted meanwhile is asked for next.

import { isDeaf } from './janus.js';

const RETRY_MS = 700;
const GRACE_MS = 1_500;
/** What the server sends at most as long as nobody asked for less. */
const HIGHEST_LAYER = 2;

export class Subscription {
  #session;
  #room;
  #handle = null;
  #attached = false;
  #wanted = [];
  #streams = [];
  #paused = new Set();
  #layers = new Map();
  #ceilings = new Map();
  #told = new Map();
  #busy = false;
  #again = false;
  #offers = Promise.resolve();
  #timer = 0;
  #closed = false;
  #deaf = false;
  connection = null;
  /** Called when a line got or lost its stream: `lines()` is then new. */
  onlines = () => {};
  onfailed = (_reason) => {};
  /** Somebody wrote: who, as the number's text. */
  onmessage = (_feed, _text) => {};
  /** The server has no place for what others write: we see and hear them all the same. */
  ondeaf = () => {};

  /** `room` holds what the server wants to see of a subscriber: `{ room, private_id, pin }`. */
  constructor(session, room) {
    this.#session = session;
    this.#room = room;
  }

  /** Says which streams shall be received: a list of `{ feed, mid, kind, layered }`. */
  want(streams) {
    this.#wanted = streams;
    this.#work();
  }

  /** The highest layer, from 0 on, that is wanted of the pictures of each `feed`: a map. */
  bound(ceilings) {
    this.#ceilings = ceilings;
    if (this.#untold().length) this.#work();
  }

  /**
   * The live lines: `{ feed, mid, kind, track, receiver, line, paused, layer }`, where `line` is the mid of our own
   * connection, `paused` whether our network is too slow for it just now, and `layer` which of several sizes comes.
   */
  lines() {
    if (!this.connection) return [];
    const receivers = new Map(this.connection.getTransceivers().map((line) => [line.mid, line.receiver]));
    return this.#streams
      .filter((stream) => isLive(stream) && stream.type !== 'data' && receivers.has(stream.mid))
      .map((stream) => {
        const receiver = receivers.get(stream.mid);
        return {
          feed: stream.feed_id,
          mid: stream.feed_mid,
          kind: stream.type,
          line: stream.mid,
          receiver,
          track: receiver.track,
          paused: this.#paused.has(stream.mid),
          layer: this.#layers.get(stream.mid) ?? null,
        };
      });
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.connection) {
      this.connection.onconnectionstatechange = null;
      this.connection.close();
    }
  }

  async #work() {
    if (this.#busy || this.#closed) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.#again = false;
    clearTimeout(this.#timer);
    try {
      await this.#ask();
      await this.#offers;
    } catch (error) {
      if (isDeaf(error) && !this.#deaf) {
        this.#deaf = true;
        this.ondeaf();
      }
      // Somebody who left while we asked makes the whole request fail: ask again with the roster of then.
      if (!this.#closed) this.#timer = setTimeout(() => this.#work(), RETRY_MS);
    }
    this.#busy = false;
    if (this.#again) this.#work();
  }

  async #ask() {
    const live = this.#streams.filter(isLive);
    const audible = this.#wanted.filter((want) => !(this.#deaf && want.kind === 'data'));
    const missing = audible.filter((want) => !live.some((stream) => isSame(want, stream)));
    const surplus = live.filter((stream) => this.#isSurplus(stream));
    const named = missing.map(({ feed, mid }) => ({ feed, mid }));
    if (!this.#attached) {
      if (missing.length) await this.#join(named);
    } else if (missing.length) {
      const request = { request: 'update', subscribe: named };
      if (surplus.length) request.unsubscribe = surplus.map((stream) => ({ sub_mid: stream.mid }));
      await this.#handle.message(request);
    } else if (surplus.length) {
      // The server takes the lines of a publisher that left away by itself; ask only if it does not.
      await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
      await this.#offers;
      const stale = this.#streams.filter((stream) => isLive(stream) && this.#isSurplus(stream));
      if (stale.length && !this.#closed) {
        await this.#handle.message({
          request: 'unsubscribe',
          streams: stale.map((stream) => ({ sub_mid: stream.mid })),
        });
      }
    }
    await this.#offers;
    await this.#tell();
  }

  /** A source of messages goes by itself with its publisher. */
  #isSurplus(stream) {
    return stream.type !== 'data' && !this.#wanted.some((want) => isSame(want, stream));
  }

  /** The lines of whose layers the server does not know yet what we want. */
  #untold() {
    return this.#streams.filter(isLive).flatMap((stream) => {
      const want = this.#wanted.find((want) => want.layered && want.kind === 'video' && isSame(want, stream));
      if (!want) return [];
      const substream = this.#ceilings.get(want.feed) ?? HIGHEST_LAYER;
      const known = this.#told.get(stream.mid);
      const isKnown = known?.feed === want.feed && known.mid === want.mid;
      return (isKnown ? known.substream : HIGHEST_LAYER) === substream ? [] : [{ stream, want, substream }];
    });
  }

  async #tell() {
    const untold = this.#untold();
    if (!untold.length || this.#closed) return;
    for (const { stream, want, substream } of untold) {
      this.#told.set(stream.mid, { feed: want.feed, mid: want.mid, substream });
    }
    const streams = untold.map(({ stream, substream }) => ({ mid: stream.mid, substream }));
    await this.#handle.message({ request: 'configure', streams });
  }

  async #join(streams) {
    if (!this.#handle) {
      this.#handle = await this.#session.attach('janus.plugin.videoroom');
      this.#handle.onevent = (data, jsep) => this.#hear(data, jsep);
      this.#handle.onhangup = (reason) => this.#fail(reason);
    }
    await this.#handle.message({ request: 'join', ptype: 'subscriber', ...this.#room, streams });
    this.#attached = true;
  }

  #hear(data, jsep) {
    if (jsep?.type === 'offer') {
      this.#offers = this.#offers
        .then(() => this.#answer(data.streams, jsep))
        .catch((error) => {
          if (!this.#closed) this.#fail(error.message);
        });
    } else if (data.streams) {
      this.#streams = data.streams;
      this.onlines();
    } else if (typeof data.active === 'boolean') {
      if (data.active) this.#paused.delete(data.mid);
      else this.#paused.add(data.mid);
      this.onlines();
    } else if (Number.isInteger(data.substream)) {
      this.#layers.set(data.mid, data.substream);
      this.onlines();
    }
  }

  async #answer(streams, offer) {
    if (this.#closed) return;
    this.connection ??= this.#connect();
    await this.connection.setRemoteDescription(offer);
    await this.connection.setLocalDescription();
    this.#streams = streams ?? this.#streams;
    this.onlines();
    await this.#handle.message({ request: 'start' }, this.connection.localDescription);
  }

  #connect() {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    connection.onicecandidate = ({ candidate }) => this.#handle.trickle(candidate);
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed') this.#fail('The media path from the server failed');
    };
    connection.ondatachannel = ({ channel }) => {
      channel.onmessage = ({ data }) => {
        if (typeof data === 'string') this.onmessage(channel.label, data);
      };
    };
    return connection;
  }

  #fail(reason) {
    if (this.#closed) return;
    this.close();
    this.onfailed(reason);
  }
}

function isLive(stream) {
  return stream.active && (stream.feed_id !== undefined || stream.type === 'data');
}

/** Messages of all share a line, which says whose they are. */
function isSame(want, stream) {
  if (stream.type === 'data') return want.kind === 'data' && (stream.source_ids ?? []).includes(want.feed);
  return want.feed === stream.feed_id && want.mid === stream.feed_mid;
}
