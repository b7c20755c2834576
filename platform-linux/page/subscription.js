// What we receive: one subscriber handle, one PeerConnection, as many lines as there are streams in the room.
// The server offers, we answer. Requests go one at a time; what is wanted meanwhile is asked for next.

const RETRY_MS = 700;
const GRACE_MS = 1_500;

export class Subscription {
  #session;
  #room;
  #handle = null;
  #attached = false;
  #wanted = [];
  #streams = [];
  #paused = new Set();
  #busy = false;
  #again = false;
  #offers = Promise.resolve();
  #timer = 0;
  #closed = false;
  connection = null;
  /** Called when a line got or lost its stream: `lines()` is then new. */
  onlines = () => {};
  onfailed = (_reason) => {};

  /** `room` holds what the server wants to see of a subscriber: `{ room, private_id, pin }`. */
  constructor(session, room) {
    this.#session = session;
    this.#room = room;
  }

  /** Says which streams shall be received: a list of `{ feed, mid }`. */
  want(streams) {
    this.#wanted = streams;
    this.#work();
  }

  /**
   * The live lines: `{ feed, mid, kind, track, receiver, line, paused }`, where `line` is the mid of our own connection
   * and `paused` whether our network is too slow for it just now.
   */
  lines() {
    if (!this.connection) return [];
    const receivers = new Map(this.connection.getTransceivers().map((line) => [line.mid, line.receiver]));
    return this.#streams
      .filter((stream) => isLive(stream) && receivers.has(stream.mid))
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
      // Somebody who left while we asked makes the whole request fail: ask again with the roster of then.
      if (!this.#closed) this.#timer = setTimeout(() => this.#work(), RETRY_MS);
    }
    this.#busy = false;
    if (this.#again) this.#work();
  }

  async #ask() {
    const live = this.#streams.filter(isLive);
    const missing = this.#wanted.filter((want) => !live.some((stream) => isSame(want, stream)));
    const surplus = live.filter((stream) => !this.#wanted.some((want) => isSame(want, stream)));
    if (!this.#attached) {
      if (missing.length) await this.#join(missing);
    } else if (missing.length) {
      const request = { request: 'update', subscribe: missing };
      if (surplus.length) request.unsubscribe = surplus.map((stream) => ({ sub_mid: stream.mid }));
      await this.#handle.message(request);
    } else if (surplus.length) {
      // The server takes the lines of a publisher that left away by itself; ask only if it does not.
      await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
      await this.#offers;
      const stale = this.#streams.filter(
        (stream) => isLive(stream) && !this.#wanted.some((want) => isSame(want, stream)),
      );
      if (stale.length && !this.#closed) {
        await this.#handle.message({
          request: 'unsubscribe',
          streams: stale.map((stream) => ({ sub_mid: stream.mid })),
        });
      }
    }
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
    return connection;
  }

  #fail(reason) {
    if (this.#closed) return;
    this.close();
    this.onfailed(reason);
  }
}

function isLive(stream) {
  return stream.active && stream.feed_id !== undefined;
}

function isSame(want, stream) {
  return want.feed === stream.feed_id && want.mid === stream.feed_mid;
}
