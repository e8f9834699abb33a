// Which row of the page shows which conversation: one that stays in view keeps its row, and one that comes takes over the row of one
// that went. So scrolling changes words in rows that are there instead of making rows.

export class Slots {
  /** @type {Map<string, number>} */
  #given = new Map();
  /** @type {number[]} */
  #free = [];

  /** @param {string[]} ids what is shown now */
  give(ids) {
    const wanted = new Set(ids);
    for (const [id, slot] of this.#given) {
      if (wanted.has(id)) continue;
      this.#given.delete(id);
      this.#free.push(slot);
    }
    for (const id of wanted) {
      if (!this.#given.has(id)) this.#given.set(id, this.#free.pop() ?? this.#given.size);
    }
  }

  /** @param {string} id */
  of(id) {
    return this.#given.get(id);
  }
}
