// The link that brings others here, as a text and as a picture for a phone's camera.

import { words } from './words.js';

export class Invitation {
  #dialog;
  #address;
  #picture;
  /** Something to say. */
  onnotice = (_text) => {};

  constructor(dialog) {
    this.#dialog = dialog;
    this.#address = dialog.querySelector('input');
    this.#picture = dialog.querySelector('img');
    dialog.querySelector('.copy').addEventListener('click', () => this.#copy());
    const send = dialog.querySelector('.send');
    send.hidden = !navigator.share;
    send.addEventListener('click', () => this.#share());
    this.#picture.addEventListener('load', () => (this.#picture.hidden = false));
    this.#picture.addEventListener('error', () => (this.#picture.hidden = true));
  }

  async show(room) {
    const query = new URLSearchParams({ room });
    this.#address.value = await addressOf(query);
    this.#picture.hidden = true;
    // The server draws it; a page that speaks to another server has only the text.
    if (!isElsewhere()) this.#picture.src = `share.svg?${query}`;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#address.select();
    this.#address.scrollLeft = 0;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#address.value);
    } catch {
      // Without a secure origin there is no clipboard but the old one.
      this.#address.select();
      document.execCommand('copy');
    }
    this.#dialog.querySelector('.copied').textContent = words('The link is copied.');
    setTimeout(() => (this.#dialog.querySelector('.copied').textContent = ''), 4_000);
  }

  async #share() {
    // To close the system's own dialog is an answer, not a fault.
    await navigator.share({ title: document.title, url: this.#address.value }).catch(() => {});
  }
}

/** What the server says others must open: this page may have been opened by a name that only this machine knows. */
async function addressOf(query) {
  const own = new URL(location.pathname, location);
  const server = new URLSearchParams(location.search).get('server');
  if (server) own.searchParams.set('server', server);
  for (const [key, value] of query) own.searchParams.set(key, value);
  if (isElsewhere()) return own.href;
  try {
    const response = await fetch(`share?${query}`);
    return response.ok ? (await response.text()).trim() : own.href;
  } catch {
    return own.href;
  }
}

function isElsewhere() {
  return new URLSearchParams(location.search).has('server');
}
