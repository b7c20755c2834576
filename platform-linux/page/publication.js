// What we send: one publisher handle, one PeerConnection, one audio and one video line that stay for its whole life.
// Devices come and go by replaceTrack, so that nothing is ever renegotiated.

const CODEC_NAMES = { vp8: 'video/VP8', vp9: 'video/VP9', h264: 'video/H264', av1: 'video/AV1' };

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
   * Publishes. `sources` has for each kind `{ track, name, on }`; a kind that is absent gets no line.
   * The codec is the one preferred for video.
   */
  async start(sources, codec) {
    for (const kind of ['audio', 'video']) {
      if (!sources[kind]) continue;
      const transceiver = this.connection.addTransceiver(sources[kind].track ?? kind, { direction: 'sendonly' });
      if (kind === 'video') preferCodec(transceiver, codec);
      this.#lines[kind] = transceiver;
    }
    await this.connection.setLocalDescription();
    const descriptions = this.#descriptions(sources);
    const request = { request: 'publish', descriptions, follow_need: true };
    const { jsep } = await this.#handle.message(request, this.connection.localDescription);
    this.#sent = JSON.stringify(descriptions);
    await this.connection.setRemoteDescription(jsep);
  }

  /** The server needs so many encodings of a line, from the lowest on: the others rest. */
  async need(mid, encodings) {
    this.#needs.set(mid, encodings);
    const transceiver = Object.values(this.#lines).find((line) => line.mid === mid);
    if (!transceiver) return;
    const parameters = transceiver.sender.getParameters();
    parameters.encodings.forEach((encoding, layer) => (encoding.active = layer < this.#needs.get(mid)));
    // Too early or too late: then the bitrate that the server allows is enough.
    await transceiver.sender.setParameters(parameters).catch(() => {});
  }

  /** Brings tracks and descriptions in step with `sources`. */
  async update(sources) {
    for (const [kind, transceiver] of Object.entries(this.#lines)) {
      const { track } = sources[kind];
      if (transceiver.sender.track !== track) await transceiver.sender.replaceTrack(track);
    }
    const descriptions = this.#descriptions(sources);
    const text = JSON.stringify(descriptions);
    if (text === this.#sent) return;
    this.#sent = text;
    await this.#handle.message({ request: 'configure', descriptions });
  }

  close() {
    this.onfailed = () => {};
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }

  #descriptions(sources) {
    return Object.entries(this.#lines).map(([kind, transceiver]) => ({
      mid: transceiver.mid,
      description: describe(sources[kind].name, sources[kind].on),
    }));
  }
}

/** Offers the wanted codec alone if it was asked for by name, else VP8 first. */
function preferCodec(transceiver, wanted) {
  const all = RTCRtpSender.getCapabilities('video').codecs;
  const mimeType = CODEC_NAMES[wanted] ?? CODEC_NAMES.vp8;
  const chosen = all.filter((codec) => codec.mimeType.toLowerCase() === mimeType.toLowerCase());
  const others = all.filter((codec) => !chosen.includes(codec));
  const repair = others.filter((codec) => codec.mimeType === 'video/rtx');
  if (chosen.length) transceiver.setCodecPreferences?.([...chosen, ...(wanted ? repair : others)]);
}
