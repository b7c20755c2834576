// What we send: one publisher handle, one PeerConnection, one audio and one video line that stay for its whole life, and
// a data channel. Devices come and go by replaceTrack, so that nothing is ever renegotiated.

import { encodingsOf } from './encodings.js';

const CODEC_NAMES = { vp8: 'video/VP8', vp9: 'video/VP9', h264: 'video/H264', av1: 'video/AV1' };

/** Apple's devices encode H.264 in hardware, and drain their batteries with anything else. */
const FIRST_CODEC = navigator.vendor?.startsWith('Apple') ? 'h264' : 'vp8';
/** Others have layers of their own kind within one encoding. */
const LAYERED_CODECS = [undefined, 'vp8', 'h264'];

/** `janus.js` calls its channel so; the server tells the others who sends instead. */
const CHANNEL = 'JanusDataChannel';
/** Until then those who hear of a new channel have subscribed to it. */
const SETTLE_MS = 1_000;
const OPEN_WITHIN_MS = 8_000;

/** What a line is called for the others. The words after the comma tell that nothing comes from it just now. */
const MUTED_SUFFIX = ', muted';

export function describe(source, on) {
  return on ? source : source + MUTED_SUFFIX;
}

export function isDescribedMuted(description) {
  return typeof description === 'string' && description.endsWith(MUTED_SUFFIX);
}

export class Publication {
  #handle;
  #lines = {};
  #sent = '';
  #needs = new Map();
  #shaping = Promise.resolve();
  #channel = null;
  #settled = null;
  /** Called once when the media path is lost. */
  onfailed = (_reason) => {};

  constructor(handle) {
    this.#handle = handle;
    this.connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.connection.onicecandidate = ({ candidate }) => handle.trickle(candidate);
    this.connection.onconnectionstatechange = () => {
      if (this.connection.connectionState === 'failed') this.onfailed('The media path to the server failed');
    };
    handle.onhangup = (reason) => this.onfailed(reason);
  }

  /**
   * Publishes. `sources` has for each kind `{ track, name, on }`; a kind that is absent gets no line. The codec is the
   * one preferred for video. `layered` is whether the picture is sent in several sizes, `talks` whether there is a
   * data channel.
   */
  async start(sources, codec, { layered = false, talks = false } = {}) {
    for (const kind of ['audio', 'video']) {
      if (!sources[kind]) continue;
      const settings = { direction: 'sendonly' };
      if (kind === 'video' && layered && LAYERED_CODECS.includes(codec)) {
        settings.sendEncodings = encodingsOf(sources.video.track);
      }
      const transceiver = this.connection.addTransceiver(sources[kind].track ?? kind, settings);
      if (kind === 'video') preferCodec(transceiver, codec);
      this.#lines[kind] = transceiver;
    }
    if (talks) this.#openChannel();
    await this.connection.setLocalDescription();
    const descriptions = this.#descriptions(sources);
    const request = { request: 'publish', descriptions, follow_need: true };
    const { jsep } = await this.#handle.message(request, this.connection.localDescription);
    this.#sent = JSON.stringify(descriptions);
    await this.connection.setRemoteDescription(jsep);
    // What was told before could not be done yet.
    for (const line of Object.values(this.#lines)) if (this.#needs.has(line.mid)) await this.#shape(line);
  }

  /** The server needs so many encodings of a line, from the lowest on: the others rest. */
  async need(mid, encodings) {
    this.#needs.set(mid, encodings);
    const transceiver = Object.values(this.#lines).find((line) => line.mid === mid);
    if (transceiver) await this.#shape(transceiver);
  }

  /** Brings tracks and descriptions in step with `sources`. */
  async update(sources) {
    for (const [kind, transceiver] of Object.entries(this.#lines)) {
      const { track } = sources[kind];
      if (transceiver.sender.track === track) continue;
      await transceiver.sender.replaceTrack(track);
      await this.#shape(transceiver);
    }
    const descriptions = this.#descriptions(sources);
    const text = JSON.stringify(descriptions);
    if (text === this.#sent) return;
    this.#sent = text;
    await this.#handle.message({ request: 'configure', descriptions });
  }

  /** Sends a message to everybody who listens. */
  async send(text) {
    await this.#settled;
    if (this.#channel?.readyState !== 'open') throw new Error('This server passes no messages on');
    this.#channel.send(text);
  }

  close() {
    this.onfailed = () => {};
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  /** Another camera has other sizes, and what nobody gets rests. Of two changes at once the browser refuses one. */
  #shape(line) {
    this.#shaping = this.#shaping.catch(() => {}).then(() => this.#shapeNow(line));
    return this.#shaping;
  }

  async #shapeNow({ sender, mid }) {
    const parameters = sender.getParameters();
    const needed = this.#needs.get(mid);
    const shapes = encodingsOf(sender.track, needed);
    parameters.encodings.forEach((encoding, layer) => {
      if (encoding.rid) Object.assign(encoding, shapes[layer]);
      else encoding.active = layer < (needed ?? 1);
    });
    // Too early or too late: then the bitrate that the server allows is enough.
    await sender.setParameters(parameters).catch(() => {});
  }

  #openChannel() {
    this.#channel = this.connection.createDataChannel(CHANNEL);
    this.#settled = new Promise((resolve) => {
      const late = setTimeout(resolve, OPEN_WITHIN_MS);
      this.#channel.onopen = () => {
        clearTimeout(late);
        setTimeout(resolve, SETTLE_MS);
      };
    });
  }

  #descriptions(sources) {
    return Object.entries(this.#lines).map(([kind, transceiver]) => ({
      mid: transceiver.mid,
      description: describe(sources[kind].name, sources[kind].on),
    }));
  }
}

/** Offers the wanted codec alone if it was asked for by name, else all. */
function preferCodec(transceiver, wanted) {
  const all = RTCRtpSender.getCapabilities('video').codecs;
  const mimeType = CODEC_NAMES[wanted ?? FIRST_CODEC] ?? CODEC_NAMES[FIRST_CODEC];
  const chosen = all.filter((codec) => codec.mimeType.toLowerCase() === mimeType.toLowerCase());
  const others = all.filter((codec) => !chosen.includes(codec));
  const repair = others.filter((codec) => codec.mimeType === 'video/rtx');
  if (chosen.length) transceiver.setCodecPreferences?.([...chosen, ...(wanted ? repair : others)]);
}
