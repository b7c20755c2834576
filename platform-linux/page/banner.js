// The line above everything that says what just happened.

const NOTICE_MS = 7_000;

export class Banner {
  #element;
  #timer = 0;

  constructor(element) {
    this.#element = element;
  }

  /** Whether something stands there that must not be covered. */
  get isTaken() {
    const { hidden, dataset, children } = this.#element;
    return !hidden && (dataset.kind === 'trouble' || children.length > 0);
  }

  /** Says something until something else is said; '' says nothing. */
  say(text, kind = 'notice', button = null) {
    clearTimeout(this.#timer);
    this.#element.hidden = !text;
    this.#element.dataset.kind = kind;
    this.#element.replaceChildren(text, ...(button ? [button] : []));
  }

  /** Something to know that asks for nothing. */
  notice(text) {
    this.say(text);
    this.#timer = setTimeout(() => this.say(''), NOTICE_MS);
  }
}
