// The chat: what was written since we came, and the line to write in. What others write is only ever set as text.

import { words } from './words.js';

const KEPT = 300;
const LONGEST = 2_000;

export class Chat {
  #panel;
  #button;
  #log;
  #field;
  #unread = 0;
  /** The user begins to write. */
  onwriting = () => {};
  /** The user sends a text: resolves once it is sent. */
  onsend = async (_text) => {};
  /** The panel came or went. */
  ontoggle = (_open) => {};

  constructor(panel, button) {
    this.#panel = panel;
    this.#button = button;
    this.#log = panel.querySelector('[role="log"]');
    this.#field = panel.querySelector('textarea');
    this.#field.maxLength = LONGEST;
    this.#field.addEventListener('input', () => {
      this.onwriting();
      this.#grow();
    });
    this.#field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#send();
      } else if (event.key === 'Escape') {
        this.open(false);
      }
    });
    panel.querySelector('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    panel.querySelector('.close').addEventListener('click', () => this.open(false));
    button.addEventListener('click', () => this.open(!this.isOpen));
    this.#show();
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  open(open) {
    this.#panel.hidden = !open;
    if (open) {
      this.#unread = 0;
      this.#field.focus();
      this.#log.scrollTop = this.#log.scrollHeight;
    } else if (document.activeElement === document.body || this.#panel.contains(document.activeElement)) {
      this.#button.focus();
    }
    this.#show();
    this.ontoggle(open);
  }

  /** Somebody wrote `{ name, text }`; a message without a name is said by the page. */
  add({ name, text, own = false }) {
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 40;
    const item = document.createElement('p');
    item.className = own ? 'own' : name ? 'other' : 'system';
    if (name) {
      const head = document.createElement('span');
      const author = document.createElement('bdi');
      author.textContent = own ? words('You') : name;
      const time = document.createElement('time');
      time.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: 'short' });
      head.append(author, ' ', time);
      item.append(head);
    }
    const body = document.createElement('bdi');
    body.className = 'text';
    body.textContent = [...text].slice(0, LONGEST).join('');
    item.append(body);
    this.#log.append(item);
    while (this.#log.children.length > KEPT) this.#log.firstElementChild.remove();
    if (atEnd || own) this.#log.scrollTop = this.#log.scrollHeight;
    if (!this.isOpen && !own) {
      this.#unread++;
      this.#show();
    }
  }

  /** Of another room nothing stays. */
  clear() {
    this.#log.replaceChildren();
    this.#field.value = '';
    this.#unread = 0;
    this.open(false);
  }

  async #send() {
    const text = this.#field.value.trim();
    if (!text) return;
    this.#field.value = '';
    this.#grow();
    try {
      await this.onsend(text);
      this.add({ name: words('You'), text, own: true });
    } catch (error) {
      if (!this.#field.value) this.#field.value = text;
      this.add({ text: words('That was not sent: {reason}', { reason: words(error.message) }) });
    }
  }

  #grow() {
    this.#field.style.height = 'auto';
    this.#field.style.height = `${Math.min(140, this.#field.scrollHeight + 2)}px`;
  }

  #show() {
    const count = this.#button.querySelector('.count');
    count.textContent = this.#unread > 99 ? '99+' : String(this.#unread);
    count.hidden = !this.#unread;
    this.#button.setAttribute('aria-expanded', this.isOpen);
    const name = this.#unread ? words('Chat, {count} new', { count: this.#unread }) : words('Chat');
    this.#button.setAttribute('aria-label', name);
  }
}
