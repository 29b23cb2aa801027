// Looking again and again, but never without need: less often while nothing changes, and not at all while nobody sees
// the page.

export class Poller {
  #timer = null;
  #stopped = false;
  #shown = null;

  /**
   * @param {() => void} look it says `again` when it wants another look
   * @param {{soonMs: number, latestMs: number}} pace
   */
  constructor(look, { soonMs, latestMs }) {
    Object.assign(this, { look, soonMs, latestMs, wait: soonMs });
  }

  /** @param {boolean} changed whether the last look showed anything new */
  again(changed) {
    this.cancel();
    if (this.#stopped) return;
    this.wait = changed ? this.soonMs : Math.min(this.latestMs, this.wait * 1.3);
    this.#timer = setTimeout(() => this.#due(), this.wait);
  }

  cancel() {
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#shown);
  }

  stop() {
    this.#stopped = true;
    this.cancel();
  }

  #due() {
    if (!document.hidden) {
      this.look();
      return;
    }
    this.#shown = () => this.#due();
    document.addEventListener("visibilitychange", this.#shown, { once: true });
  }
}
