// The bar of time: a slider for pointer and keyboard, with the picture of the moment that it is pointed at.

import { h } from "./dom.js";
import { clock } from "./format.js";

export class SeekBar {
  #tiles = [];
  #dragging = false;

  /** @param {HTMLMediaElement} media */
  constructor(media) {
    this.media = media;
    this.picture = h("span.picture", { hidden: true });
    this.label = h("span.at");
    this.preview = h("span.preview", { hidden: true, "aria-hidden": "true" }, this.picture, this.label);
    this.element = h(
      "div.seek",
      { role: "slider", tabindex: 0, "aria-label": "Position", "aria-valuemin": 0 },
      h("span.track", {}, h("span.loaded"), h("span.played")),
      h("span.knob"),
      this.preview,
    );
    for (const type of ["timeupdate", "durationchange", "progress", "seeking", "emptied"]) media.addEventListener(type, () => this.#draw());
    this.element.addEventListener("pointermove", (event) => this.#point(event));
    this.element.addEventListener("pointerleave", () => this.#dragging || this.hide());
    this.element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.element.setPointerCapture(event.pointerId);
      this.#dragging = true;
      this.#seek(event);
    });
    const end = (event) => {
      this.#dragging = false;
      if (event.pointerType !== "mouse") this.hide();
    };
    this.element.addEventListener("pointerup", end);
    this.element.addEventListener("pointercancel", end);
    this.#draw();
  }

  /** @param {import("./storyboard.js").Tile[]} tiles */
  set tiles(tiles) {
    this.#tiles = tiles;
  }

  /** Seconds that can be gone to; a stream that still grows has no duration yet. */
  get length() {
    const { duration, seekable } = this.media;
    if (Number.isFinite(duration)) return duration;
    return seekable.length ? seekable.end(seekable.length - 1) : 0;
  }

  hide() {
    this.preview.hidden = true;
  }

  #draw() {
    const { currentTime, buffered } = this.media;
    const { length } = this;
    let loaded = 0;
    for (let index = 0; index < buffered.length; index += 1) if (buffered.start(index) <= currentTime + 0.1) loaded = buffered.end(index);
    const share = (time) => (length ? Math.min(1, time / length) : 0);
    this.element.style.setProperty("--played", share(currentTime).toFixed(4));
    this.element.style.setProperty("--loaded", share(loaded).toFixed(4));
    this.element.setAttribute("aria-valuemax", Math.floor(length));
    this.element.setAttribute("aria-valuenow", Math.floor(Math.min(currentTime, length)));
    this.element.setAttribute("aria-valuetext", `${clock(currentTime)} of ${clock(length)}`);
  }

  #shareAt(event) {
    const box = this.element.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  }

  #seek(event) {
    this.media.currentTime = this.#shareAt(event) * this.length;
    this.#point(event, true);
  }

  #point(event, sought = false) {
    if (this.#dragging && !sought) return this.#seek(event);
    if (!this.length) return undefined;
    const time = this.#shareAt(event) * this.length;
    const tile = this.#tiles.find((each) => time < each.end) ?? this.#tiles.at(-1);
    if (tile) this.#paint(tile);
    this.picture.hidden = !tile;
    this.label.textContent = clock(time);
    this.preview.hidden = false;
    const box = this.element.getBoundingClientRect();
    const half = this.preview.offsetWidth / 2;
    this.preview.style.left = `${Math.max(half, Math.min(box.width - half, event.clientX - box.left))}px`;
    return undefined;
  }

  #paint({ url, x, y, width, height }) {
    const { style } = this.picture;
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.backgroundImage = `url("${encodeURI(decodeURI(url))}")`;
    style.backgroundPosition = `-${x}px -${y}px`;
  }
}
