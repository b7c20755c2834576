// The Janus protocol over WebSocket: a session, its handles, requests and the events that answer them.
// Knows nothing of rooms, media or the page.

const PROTOCOL = 'janus-protocol';
const OPEN_TIMEOUT_MS = 8_000;
const REPLY_TIMEOUT_MS = 12_000;
const KEEPALIVE_MS = 20_000;

/** The numbers of VideoRoom's refusals that matter here. The last: a table has no place, or nobody new is taken. */
export const NO_SUCH_ROOM = 426;
export const MISSING_ELEMENT = 429;
export const UNAUTHORIZED = 433;
export const SERVER_FULL = 499;

/** A refusal: Janus' number and sentence. Code 0 means that no answer came. */
export class JanusError extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

/** Whether the server has no place for messages of data channels, and for nothing else. */
export function isDeaf(error) {
  return error.code === SERVER_FULL && /data/.test(error.message);
}

/** A Janus session on a WebSocket of its own. `onlost(reason)` is called once, when it is gone without `close()`. */
export class Session {
  #socket;
  #handles = new Map();
  #waiting = new Map();
  #keepalive = 0;
  #over = false;
  id = 0;
  onlost = () => {};

  static async open(url) {
    const session = new Session();
    try {
      await session.#connect(url);
      session.id = (await session.request({ janus: 'create' })).data.id;
    } catch (error) {
      session.close();
      throw error;
    }
    session.#keepalive = setInterval(() => session.#keepAlive(), KEEPALIVE_MS);
    return session;
  }

  async attach(plugin) {
    const reply = await this.request({ janus: 'attach', plugin });
    const handle = new Handle(this, reply.data.id);
    this.#handles.set(handle.id, handle);
    return handle;
  }

  /** Ends another session, e.g. one whose connection was lost, so that its participant is not left behind. */
  async destroyOther(id) {
    await this.request({ janus: 'destroy', session_id: id });
  }

  /** Sends a request and returns its last answer: `success`, or for a plugin's message its `event`. */
  request(message) {
    return new Promise((resolve, reject) => {
      if (this.#over || this.#socket.readyState !== WebSocket.OPEN) {
        reject(new JanusError(0, 'The connection is closed'));
        return;
      }
      const transaction = crypto.getRandomValues(new Uint32Array(2)).join('-');
      const timer = setTimeout(
        () =>
          this.#settle(transaction, (entry) => {
            entry.reject(new JanusError(0, 'The server did not answer in time'));
          }),
        REPLY_TIMEOUT_MS,
      );
      const acknowledged = message.janus === 'keepalive' || message.janus === 'trickle';
      this.#waiting.set(transaction, { resolve, reject, timer, acknowledged });
      const session = this.id ? { session_id: this.id } : {};
      this.#socket.send(JSON.stringify({ ...session, ...message, transaction }));
    });
  }

  /** Whether the server answers within so many ms. */
  async answers(patience) {
    const late = new Promise((resolve) => setTimeout(resolve, patience, false));
    const answer = this.request({ janus: 'keepalive' }).then(
      () => true,
      () => false,
    );
    return Promise.race([answer, late]);
  }

  forget(handle) {
    this.#handles.delete(handle.id);
  }

  /** Ends the session on purpose. */
  close() {
    if (this.#over) return;
    if (this.id && this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ janus: 'destroy', session_id: this.id, transaction: 'destroy' }));
    }
    this.#end('closed');
  }

  #connect(url) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => refuse(), OPEN_TIMEOUT_MS);
      const refuse = () => {
        clearTimeout(timer);
        reject(new JanusError(0, 'The server cannot be reached'));
      };
      this.#socket = new WebSocket(url, PROTOCOL);
      this.#socket.onopen = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#socket.onclose = () => {
        refuse();
        this.#lost('The connection to the server was lost');
      };
      this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    });
  }

  #receive(message) {
    const entry = this.#waiting.get(message.transaction);
    switch (message.janus) {
      case 'ack':
        if (entry?.acknowledged) this.#settle(message.transaction, () => entry.resolve(message));
        return;
      case 'error': {
        const error = new JanusError(message.error.code, message.error.reason);
        this.#settle(message.transaction, () => entry.reject(error));
        return;
      }
      case 'timeout':
        this.#lost('The server ended the session');
        return;
    }
    // A handle hears of an event before the request that caused it is answered: offers keep the order of the wire.
    this.#handles.get(message.sender)?.receive(message);
    if (!entry) return;
    this.#settle(message.transaction, () => {
      const data = message.plugindata?.data;
      if (data?.error_code) entry.reject(new JanusError(data.error_code, data.error));
      else entry.resolve(message);
    });
  }

  #settle(transaction, act) {
    const entry = this.#waiting.get(transaction);
    if (!entry) return;
    this.#waiting.delete(transaction);
    clearTimeout(entry.timer);
    act(entry);
  }

  async #keepAlive() {
    try {
      await this.request({ janus: 'keepalive' });
    } catch (error) {
      this.#lost(error.message);
    }
  }

  #lost(reason) {
    if (this.#over) return;
    this.#end(reason);
    this.onlost(reason);
  }

  #end(reason) {
    this.#over = true;
    clearInterval(this.#keepalive);
    for (const transaction of [...this.#waiting.keys()]) {
      this.#settle(transaction, (entry) => entry.reject(new JanusError(0, reason)));
    }
    this.#handles.clear();
    this.#socket?.close();
  }
}

/** A handle: one attachment to a plugin, which may carry one PeerConnection. */
export class Handle {
  #session;
  onevent = (_data, _jsep) => {};
  onhangup = (_reason) => {};
  /** Many packets got lost on the way to us, or `uplink`: from us. */
  onslowlink = (_uplink) => {};

  constructor(session, id) {
    this.#session = session;
    this.id = id;
  }

  /** A request to the plugin. Resolves with the plugin's data and, where there is one, the session description. */
  async message(body, jsep) {
    const message = { janus: 'message', handle_id: this.id, body };
    if (jsep) message.jsep = { type: jsep.type, sdp: jsep.sdp };
    const reply = await this.#session.request(message);
    return { data: reply.plugindata.data, jsep: reply.jsep };
  }

  /** Passes a local candidate on; null says that there are no more. A lost one does no harm: ICE finds it. */
  trickle(candidate) {
    const body = candidate
      ? { candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex }
      : { completed: true };
    this.#session.request({ janus: 'trickle', handle_id: this.id, candidate: body }).catch(() => {});
  }

  detach() {
    this.#session.forget(this);
    this.#session.request({ janus: 'detach', handle_id: this.id }).catch(() => {});
  }

  receive(message) {
    if (message.janus === 'event') this.onevent(message.plugindata.data, message.jsep);
    if (message.janus === 'hangup') this.onhangup(message.reason);
    if (message.janus === 'slowlink') this.onslowlink(message.uplink);
  }
}
