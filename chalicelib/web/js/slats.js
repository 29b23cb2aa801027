// The gate: a row of slats that open as work gets done. Where there are chunks to count, each is a group of slats.

import { h } from "./dom.js";

const DRAWN = 72;

export class Slats {
  /** @param {number} [groups] how many groups to tell apart; 1 draws an even row */
  constructor(groups = 1) {
    this.element = h("div.slats", { "aria-hidden": "true" });
    this.resize(groups);
  }

  /** @param {number} groups more than 72 are drawn as 72 slats of their own */
  resize(groups) {
    if (this.groups === groups) return;
    this.groups = groups;
    const drawn = Math.min(DRAWN, Math.max(1, groups));
    const each = Math.floor(DRAWN / drawn);
    const last = (index) => drawn > 1 && each > 1 && (index + 1) % each === 0;
    this.element.replaceChildren(
      ...Array.from({ length: drawn * each }, (_, index) => h("i", { vars: { "--at": index }, class: last(index) ? "last" : null })),
    );
  }

  /** @param {number} share 0 to 1 */
  fill(share) {
    const slats = this.element.children;
    const open = share * slats.length;
    for (let index = 0; index < slats.length; index += 1) {
      slats[index].style.setProperty("--open", Math.max(0, Math.min(1, open - index)).toFixed(3));
    }
  }
}
