// The list of renditions in the shape that media-chrome looks for on a media element (`videoRenditions`: numbered,
// iterable, with a selectedIndex), so that its own quality menu drives whichever engine plays.

export class Qualities extends EventTarget {
  #selected = -1;
  #onSelect;
  length = 0;

  /** @param {(index: number) => void} onSelect called with -1 for automatic */
  constructor(onSelect) {
    super();
    this.#onSelect = onSelect;
  }

  /** @param {{width: number, height: number, bitrate: number}[]} items in the engine's own order */
  fill(items) {
    items.forEach((item, index) => (this[index] = { id: String(index), ...item }));
    this.length = items.length;
    this.dispatchEvent(new Event("addrendition"));
  }

  get selectedIndex() {
    return this.#selected;
  }

  set selectedIndex(index) {
    this.#selected = index;
    this.#onSelect(index);
    this.dispatchEvent(new Event("change"));
  }

  [Symbol.iterator]() {
    return Array.prototype.values.call(this);
  }
}
