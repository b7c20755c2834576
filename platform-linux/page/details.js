// What is known of one person: how good their way is, which picture comes and which shall come.

import { QUALITIES } from './tile.js';
import { words } from './words.js';

export class Details {
  #dialog;
  #list;
  #choice;
  #id = null;
  /** The user wants a layer of somebody's picture, or null: by the size of the tile. */
  onchoose = (_id, _layer) => {};

  constructor(dialog) {
    this.#dialog = dialog;
    this.#list = dialog.querySelector('dl');
    this.#choice = dialog.querySelector('select');
    this.#choice.addEventListener('change', () => {
      const { value } = this.#choice;
      this.onchoose(this.#id, value === 'auto' ? null : Number(value));
    });
    dialog.addEventListener('close', () => (this.#id = null));
  }

  /** Whose they are, while they are shown. */
  get id() {
    return this.#id;
  }

  /** Shows what is known of `person`, `chosen` being the layer that the user wants of them. */
  open(person, chosen) {
    this.#id = person.id;
    this.#dialog.querySelector('h2').textContent = person.name;
    this.#choice.value = chosen === null ? 'auto' : String(chosen);
    this.#list.replaceChildren();
    this.#dialog.showModal();
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  /** Fresh figures of `person`, if there are some. */
  show(person, figures) {
    this.#choice.parentElement.hidden = !person.layered;
    const rows = figures ? [...connection(figures), ...pictures(person, figures)] : [];
    if (!rows.length) rows.push([words('Connection'), words('not known yet')]);
    this.#list.replaceChildren(
      ...rows.flatMap(([name, value]) => {
        const [term, description] = [document.createElement('dt'), document.createElement('dd')];
        term.textContent = name;
        description.textContent = value;
        return [term, description];
      }),
    );
  }
}

function connection({ bars, loss, roundTripMs }) {
  const rows = [
    [words('Connection'), words(QUALITIES[bars])],
    [words('Lost packets'), `${(loss * 100).toFixed(1)} %`],
  ];
  if (roundTripMs !== undefined) rows.push([words('To the server and back'), `${roundTripMs} ms`]);
  return rows;
}

function pictures(person, figures) {
  const rows = [];
  if (figures.video && person.video === 'on') {
    const isPaused = person.active === false;
    rows.push([words('Picture'), isPaused ? words('paused, your network is too slow') : told(figures.video)]);
    if (person.layered && figures.video.layer !== null) {
      rows.push([words('Layer'), words('{layer} of 3', { layer: figures.video.layer + 1 })]);
    }
  }
  for (const layer of figures.layers ?? []) rows.push([words('You send'), told(layer)]);
  if (figures.limited) {
    const why = figures.limited === 'cpu' ? 'this device is busy' : 'your network is slow';
    rows.push([words('Less than possible'), words(why)]);
  }
  if (figures.audio) rows.push([words('Sound'), `${figures.audio.kbps} kbit/s`]);
  return rows;
}

function told({ width, height, fps, kbps }) {
  if (!width || !kbps) return words('rests');
  return words('{width} × {height}, {fps} a second, {kbps} kbit/s', { width, height, fps, kbps });
}
