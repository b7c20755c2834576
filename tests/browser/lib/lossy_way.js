// A way between a tab and the server that loses packets: what a tab is told to send to the server's port goes through
// here, and so does what comes back.

import { createSocket } from 'node:dgram';

export class LossyWay {
  #outside;
  #inside = new Map();
  #target;
  /** How much is lost, each way. */
  lostPercent = 0;

  /** A way to the server's UDP port `target` on this machine. */
  static async begin(target) {
    const way = new LossyWay();
    way.#target = target;
    way.#outside = createSocket('udp4');
    way.#outside.on('message', (packet, from) => way.#carry(packet, from));
    await new Promise((bound) => way.#outside.bind(0, bound));
    return way;
  }

  /** Makes the tabs of `context` go by it. */
  async take(context) {
    await context.addInitScript(replacePort, { from: this.#target, to: this.#outside.address().port });
  }

  end() {
    for (const socket of [this.#outside, ...this.#inside.values()]) socket.close();
  }

  #carry(packet, { address, port }) {
    const name = `${address}:${port}`;
    let socket = this.#inside.get(name);
    if (!socket) {
      socket = createSocket('udp4');
      socket.on('message', (answer) => this.#keeps(answer) && this.#outside.send(answer, port, address));
      this.#inside.set(name, socket);
    }
    if (this.#keeps(packet)) socket.send(packet, this.#target, '127.0.0.1');
  }

  /** Checks of the connection itself (RFC 5764 section 5.1.2: STUN and DTLS) pass. */
  #keeps(packet) {
    return packet[0] < 128 || Math.random() * 100 >= this.lostPercent;
  }
}

/** In the page: candidates of the server are at another port. */
function replacePort({ from, to }) {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: sdp.replaceAll(` ${from} typ host`, ` ${to} typ host`) });
  };
}
