// The camera and the microphone: which, whether they are on, and why not. Choices are remembered in this browser.

import { recall, remember } from './memory.js';
import { words } from './words.js';

const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const KINDS = { audio: 'microphone', video: 'camera' };

export class Devices {
  #picture;
  #asking = { audio: null, video: null };
  tracks = { audio: null, video: null };
  on = { audio: recall('microphone.on') !== 'no', video: recall('camera.on') !== 'no' };
  /** A sentence for the user where a device cannot be used. */
  problems = { audio: '', video: '' };
  onchange = () => {};

  /** `picture` is the wanted `{ width, height, frameRate }`. */
  constructor(picture) {
    this.#picture = {
      width: { ideal: picture.width },
      height: { ideal: picture.height },
      frameRate: { ideal: picture.frameRate, max: picture.frameRate },
    };
    navigator.mediaDevices?.addEventListener('devicechange', () => this.onchange());
  }

  get possible() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /** Opens what shall be on, with one question to the user if possible. */
  async prepare() {
    const wanted = Object.keys(KINDS).filter((kind) => this.on[kind] && !this.tracks[kind]);
    if (wanted.length === 2 && this.possible) {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({
          audio: this.#constraints('audio'),
          video: this.#constraints('video'),
        });
        stream.getTracks().forEach((track) => this.#take(track.kind, track));
        this.onchange();
        return;
      } catch {
        // One of the two may still be had.
      }
    }
    for (const kind of wanted) await this.turn(kind, true, false);
  }

  /** Turns a device on or off. A camera that is off is released: its light goes out. A microphone is only silenced. */
  async turn(kind, on, remembered = true) {
    this.on[kind] = on;
    if (remembered) remember(`${KINDS[kind]}.on`, on ? 'yes' : 'no');
    if (on && !this.tracks[kind]) {
      this.onchange();
      await this.#open(kind);
    }
    const track = this.tracks[kind];
    if (!this.on[kind] && kind === 'video') this.#drop(kind);
    else if (track) track.enabled = this.on[kind];
    this.onchange();
  }

  async choose(kind, id) {
    remember(KINDS[kind], id);
    if (!this.tracks[kind]) return;
    this.#drop(kind);
    await this.turn(kind, this.on[kind], false);
    if (!this.on[kind] && kind === 'audio') await this.#openMuted();
  }

  chosen(kind) {
    return this.tracks[kind]?.getSettings().deviceId ?? recall(KINDS[kind]) ?? '';
  }

  /** The devices of a kind: `{ id, name }`. Names are known once the user has allowed one. */
  async list(kind) {
    if (!navigator.mediaDevices?.enumerateDevices) return [];
    const all = await navigator.mediaDevices.enumerateDevices();
    return all
      .filter((device) => device.kind === `${kind}input` && device.deviceId)
      .map((device, index) => ({ id: device.deviceId, name: device.label || `${words(KINDS[kind])} ${index + 1}` }));
  }

  release() {
    for (const kind of Object.keys(KINDS)) this.#drop(kind);
    this.onchange();
  }

  async #openMuted() {
    await this.#open('audio');
    if (this.tracks.audio) this.tracks.audio.enabled = this.on.audio;
  }

  /** Asks once at a time; who comes meanwhile waits for the same answer. */
  #open(kind) {
    this.#asking[kind] ??= this.#ask(kind).finally(() => {
      this.#asking[kind] = null;
    });
    return this.#asking[kind];
  }

  async #ask(kind) {
    if (!this.possible) {
      this.#refuse(
        kind,
        words(
          'This page was not opened over a secure address, so the browser keeps your camera and microphone from it.',
        ) +
          ' ' +
          words('Use https, or localhost on this machine. You can join and listen.'),
      );
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: this.#constraints(kind) });
      this.#take(kind, stream.getTracks()[0]);
    } catch (error) {
      this.#refuse(kind, explain(kind, error));
    }
  }

  #constraints(kind) {
    const id = recall(KINDS[kind]);
    return { ...(kind === 'audio' ? AUDIO : this.#picture), ...(id ? { deviceId: { ideal: id } } : {}) };
  }

  #take(kind, track) {
    this.#drop(kind);
    this.problems[kind] = '';
    this.tracks[kind] = track;
    track.onended = () => {
      this.#drop(kind);
      this.#refuse(kind, words('The {device} was disconnected.', { device: words(KINDS[kind]) }));
      this.onchange();
    };
  }

  #refuse(kind, problem) {
    this.problems[kind] = problem;
    this.on[kind] = false;
  }

  #drop(kind) {
    const track = this.tracks[kind];
    if (!track) return;
    track.onended = null;
    track.stop();
    this.tracks[kind] = null;
  }
}

/** The loudness of one track, 0 to 1, for a meter. */
export class Meter {
  #context = null;
  #analyser = null;
  #input = null;
  #track = null;
  #samples = new Float32Array(512);

  follow(track) {
    if (track === this.#track || !globalThis.AudioContext) return;
    this.#track = track;
    this.#input?.disconnect();
    this.#input = null;
    if (!track) return;
    this.#context ??= new AudioContext();
    this.#analyser ??= new AnalyserNode(this.#context, { fftSize: this.#samples.length });
    this.#input = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#input.connect(this.#analyser);
  }

  /** Browsers start sound only on the user's wish: call this when a key or button was pressed. */
  wake() {
    if (this.#context?.state === 'suspended') this.#context.resume().catch(() => {});
  }

  get level() {
    if (!this.#input) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return Math.sqrt(this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length);
  }
}

function explain(kind, error) {
  const device = words(KINDS[kind]);
  switch (error.name) {
    case 'NotAllowedError':
      return words(
        'The browser does not let this page use the {device}. Allow it beside the address, or join without.',
        { device },
      );
    case 'NotFoundError':
      return words('No {device} was found. You can still join.', { device });
    case 'NotReadableError':
      return words('The {device} is in use by another program.', { device });
    default:
      return words('The {device} cannot be used ({reason}).', { device, reason: error.name });
  }
}
