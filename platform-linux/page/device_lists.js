// The lists of microphones, cameras and speakers, which stand in the lobby and in the settings alike.

import { words } from './words.js';

const LISTS = { audio: 'microphones', video: 'cameras' };

export class DeviceLists {
  #devices;
  #speaker;

  constructor(devices, speaker) {
    this.#devices = devices;
    this.#speaker = speaker;
    for (const [kind, name] of Object.entries(LISTS)) {
      for (const list of both(name)) list.addEventListener('change', () => devices.choose(kind, list.value));
    }
    for (const list of both('speakers')) {
      list.addEventListener('change', () => {
        speaker.choose(list.value);
        this.fill();
      });
    }
    for (const button of both('test')) button.addEventListener('click', () => speaker.test().catch(() => {}));
  }

  async fill() {
    for (const [kind, name] of Object.entries(LISTS)) {
      const known = await this.#devices.list(kind);
      show(name, known, this.#devices.chosen(kind), words(kind === 'audio' ? 'No microphone' : 'No camera'));
    }
    // Where the browser lets nobody choose, the system does.
    show('speakers', await this.#speaker.list(), this.#speaker.id, words('As the system has it'));
  }
}

function both(name) {
  return [document.getElementById(`lobby-${name}`), document.getElementById(name)];
}

function show(name, known, chosen, none) {
  for (const list of both(name)) {
    const options = known.map(({ id, name }) => new Option(name, id, false, id === chosen));
    list.replaceChildren(...(options.length ? options : [new Option(none, '')]));
    list.disabled = options.length === 0;
  }
}
