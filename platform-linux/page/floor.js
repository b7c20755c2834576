// Who has the floor: as the server says, where the room is set so, else by who was loud for longest. We ourselves never
// have it here: nobody wants to look at themselves. Pure arithmetic.

/** How much a level counts against those before, each pulse. */
const FRESHNESS = 0.15;
const QUIETEST = 0.008;
const LOUDER = 1.5;
const SHORTEST_MS = 1_500;

export class Floor {
  #loudness = new Map();
  #changedAt = -Infinity;
  #isTold = false;
  /** The id of whoever has it; null before anybody spoke. */
  holder = null;

  /** The server says it. */
  tell(id) {
    this.#isTold = true;
    if (id !== 'own') this.holder = id;
  }

  /** Takes the levels of everybody else, 0 to 1, as a map by id; true if the floor passed on. */
  pulse(levels, now) {
    for (const id of [...this.#loudness.keys()]) if (!levels.has(id)) this.#loudness.delete(id);
    for (const [id, level] of levels) {
      this.#loudness.set(id, (this.#loudness.get(id) ?? 0) * (1 - FRESHNESS) + level * FRESHNESS);
    }
    if (this.#isTold) return false;
    let loudest = null;
    for (const [id, loudness] of this.#loudness) {
      if (loudness > QUIETEST && loudness > (this.#loudness.get(loudest) ?? 0)) loudest = id;
    }
    const held = this.#loudness.get(this.holder) ?? 0;
    if (loudest === null || loudest === this.holder || now - this.#changedAt < SHORTEST_MS) return false;
    if (this.#loudness.get(loudest) < held * LOUDER) return false;
    this.holder = loudest;
    this.#changedAt = now;
    return true;
  }

  forget() {
    this.#loudness.clear();
    this.#isTold = false;
    this.holder = null;
  }
}
