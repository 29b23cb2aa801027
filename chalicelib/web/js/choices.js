// A list of which one is chosen: the qualities of a stream, or its sounds. An engine fills it, a menu shows it.

export class Choices extends EventTarget {
  #onChoose;
  items = [];
  selected = -1;

  /** @param {(index: number) => void} onChoose called with -1 for automatic, where there is that */
  constructor(onChoose) {
    super();
    this.#onChoose = onChoose;
  }

  /**
   * @param {object[]} items in the engine's own order
   * @param {number} selected
   */
  fill(items, selected = -1) {
    this.items = items;
    this.selected = selected;
    this.dispatchEvent(new Event("change"));
  }

  choose(index) {
    this.selected = index;
    this.#onChoose(index);
    this.dispatchEvent(new Event("change"));
  }
}
