// Where sound comes out: which device, as far as the browser lets a page choose, and a chime to hear whether it does.

import { recall, remember } from './memory.js';
import { words } from './words.js';

const CHIME_HZ = [523.25, 659.25, 783.99];
const NOTE_S = 0.22;
const LOUDNESS = 0.25;

export class Speaker {
  #played = new Set();
  #chime = null;

  /** Whether another device than the system's own can be chosen. */
  get isChosen() {
    return 'setSinkId' in HTMLMediaElement.prototype;
  }

  get id() {
    return recall('speaker') ?? '';
  }

  /** The devices: `{ id, name }`; the system's own first. */
  async list() {
    if (!this.isChosen || !navigator.mediaDevices?.enumerateDevices) return [];
    const all = await navigator.mediaDevices.enumerateDevices();
    return all
      .filter(({ kind, deviceId }) => kind === 'audiooutput' && deviceId)
      .map(({ deviceId, label }, index) => ({ id: deviceId, name: label || `${words('Speaker')} ${index + 1}` }));
  }

  choose(id) {
    remember('speaker', id);
    for (const element of this.#played) this.#apply(element);
  }

  /** What `element` plays comes out there from now on. */
  take(element) {
    this.#played.add(element);
    this.#apply(element);
  }

  release(element) {
    this.#played.delete(element);
  }

  /** Plays a chime; resolves when it is over. The element that plays it can be heard by tests. */
  async test() {
    this.#chime?.context.close();
    const context = new AudioContext();
    const output = context.createMediaStreamDestination();
    const element = new Audio();
    element.srcObject = output.stream;
    this.#chime = { context, element };
    this.#apply(element);
    await Promise.all([context.resume(), element.play()]);
    const end = ring(context, output);
    await new Promise((resolve) => setTimeout(resolve, (end - context.currentTime) * 1000 + 150));
    if (this.#chime.context !== context) return;
    context.close();
    this.#chime = null;
  }

  /** What the chime is played by, while it is. */
  get chime() {
    return this.#chime?.element ?? null;
  }

  #apply(element) {
    // A device that is gone leaves the sound where it is.
    if (this.isChosen && element.sinkId !== this.id) element.setSinkId(this.id).catch(() => {});
  }
}

/** Three notes, each swelling and fading; gives the time at which they are over. */
function ring(context, output) {
  const start = context.currentTime + 0.05;
  CHIME_HZ.forEach((frequency, index) => {
    const from = start + index * NOTE_S;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(LOUDNESS, from + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.001, from + NOTE_S * 1.6);
    const note = new OscillatorNode(context, { frequency });
    note.connect(gain).connect(output);
    note.start(from);
    note.stop(from + NOTE_S * 1.6);
  });
  return start + NOTE_S * (CHIME_HZ.length + 0.6);
}
