// Notices that the server is out of reach sooner than the browser does: it moved to another address, say, and nothing
// ends what ran to the old one. The sign is that nothing comes by any PeerConnection and that a question stays
// unanswered. Knows nothing of rooms.

const LOOK_MS = 500;
/** So many looks in a row without a packet are reason to ask: 1.5 s. */
const QUIET = 3;
/** And again each 5 s: a call in which everybody is mute is quiet, too. */
const AGAIN = 10;
const ANSWER_MS = 2_000;

export class Silence {
  #connections;
  #session;
  #timer;
  #counted = 0;
  #quiet = 0;
  #isSilent = false;
  /** Nothing is heard of the server, or nothing of its media: why, as a sentence. */
  onsilent = (_reason) => {};
  /** All of it is there again. */
  onback = () => {};

  /** `connections()` gives the PeerConnections that there are, `session` is asked. */
  constructor(connections, session) {
    this.#connections = connections;
    this.#session = session;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.onsilent = this.onback = () => {};
  }

  async #look() {
    const connections = this.#connections();
    if (!connections.length) return;
    const counted = (await Promise.all(connections.map(received))).reduce((sum, count) => sum + count, 0);
    const moved = counted !== this.#counted;
    this.#counted = counted;
    this.#quiet = moved ? 0 : this.#quiet + 1;
    if (this.#isSilent) {
      const isWhole = moved && connections.every((connection) => connection.connectionState === 'connected');
      if (isWhole && (await this.#session.answers(ANSWER_MS))) this.#tell('');
    } else if (this.#quiet % AGAIN === QUIET) {
      const answers = await this.#session.answers(ANSWER_MS);
      const isCut = connections.some((connection) => connection.connectionState === 'disconnected');
      // Packets may have come while we waited.
      if (!answers && this.#quiet > QUIET) this.#tell('The connection to the server was lost');
      else if (answers && this.#quiet > AGAIN && isCut) this.#tell('The media path to the server failed');
    }
  }

  #tell(reason) {
    if (this.#isSilent === Boolean(reason)) return;
    this.#isSilent = Boolean(reason);
    if (reason) this.onsilent(reason);
    else this.onback();
  }
}

/** How much came by a PeerConnection, answers of ICE with it. */
async function received(connection) {
  const report = await connection.getStats();
  return [...report.values()]
    .filter((entry) => entry.type === 'candidate-pair')
    .reduce((sum, pair) => sum + (pair.bytesReceived ?? 0) + (pair.responsesReceived ?? 0), 0);
}
