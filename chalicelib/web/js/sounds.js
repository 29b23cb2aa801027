// The list of audio tracks in the shape that media-chrome looks for on a media element (`audioTracks`: numbered,
// iterable, each with `enabled`), for the browsers that have none of their own: all but Apple's.

export class Sounds extends EventTarget {
  #onSelect;
  length = 0;

  /** @param {(index: number) => void} onSelect */
  constructor(onSelect) {
    super();
    this.#onSelect = onSelect;
  }

  /**
   * @param {{label: string, language: string}[]} items in the engine's own order
   * @param {number} selected the one that plays
   */
  fill(items, selected) {
    for (let index = 0; index < this.length; index++) delete this[index];
    items.forEach((item, index) => (this[index] = new Sound(index, item, index === selected, () => this.#select(index))));
    this.length = items.length;
    this.dispatchEvent(new Event("addtrack"));
  }

  #select(index) {
    this.#onSelect(index);
    this.dispatchEvent(new Event("change"));
  }

  [Symbol.iterator]() {
    return Array.prototype.values.call(this);
  }
}

class Sound {
  kind = "main";
  #enabled;
  #onEnable;

  constructor(index, { label, language }, enabled, onEnable) {
    this.id = String(index);
    this.label = label;
    this.language = language;
    this.#enabled = enabled;
    this.#onEnable = onEnable;
  }

  get enabled() {
    return this.#enabled;
  }

  set enabled(enabled) {
    const before = this.#enabled;
    this.#enabled = enabled;
    if (enabled && !before) this.#onEnable();
  }
}
