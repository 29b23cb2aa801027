// The controls over a media element. They show its state and change it; whoever else changes it (a key, the system) is
// shown too, because everything is drawn from the element's own events.

import { h, icon } from "./dom.js";
import { clock } from "./format.js";
import { Menu } from "./menu.js";
import { prefer } from "./preferences.js";
import { SeekBar } from "./seekbar.js";

const PLAY = "M7 4.5v15l12.5-7.5z";
const PAUSE = "M7 5h3v14H7zM14 5h3v14h-3z";
const LOUD = "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11";
const MUTED = "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5";
const CAPTIONS = "M3.5 5.5h17v13h-17zM10.5 10.7a2 2 0 1 0 0 2.6M17 10.7a2 2 0 1 0 0 2.6";
const SOUNDS = "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z";
const QUALITY = "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5";
const PICTURE = "M3.5 5.5h17v13h-17zM12.5 12h6v4.5h-6z";
const FULL = "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5";
const SMALL = "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5";
const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
const IDLE_MS = 2600;
const QUIETEST_UNMUTED = 0.5;

export class Controls {
  #watched = [];

  /**
   * @param {HTMLElement} player
   * @param {HTMLMediaElement} media
   * @param {import("./engines.js").Engine} engine
   * @param {{sound: boolean}} options
   */
  constructor(player, media, engine, { sound }) {
    Object.assign(this, { player, media, engine });
    this.seekBar = new SeekBar(media);
    this.start = h("button.start", { type: "button", "aria-label": "Play", on: { click: () => this.#begin() } }, icon(PLAY));
    this.playButton = this.#button("Play", PLAY, () => this.toggle());
    this.muteButton = this.#button("Mute", LOUD, () => this.toggleMute());
    this.volume = h("input.volume", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Volume" });
    this.time = h("span.time", {}, "0:00");
    this.rateFace = h("span.face", {}, "1×");
    this.captions = new Menu("Subtitles", CAPTIONS, () => this.#captionItems());
    this.sounds = new Menu("Sound", SOUNDS, () => this.#soundItems());
    this.rates = new Menu("Speed", this.rateFace, () => this.#rateItems());
    this.qualities = new Menu("Quality", QUALITY, () => this.#qualityItems());
    this.rates.offered = true;
    this.pipButton = this.#button("Picture in picture", PICTURE, () => this.togglePicture());
    this.fullButton = this.#button("Full screen", FULL, () => this.toggleFull());
    this.pipButton.hidden = sound || !document.pictureInPictureEnabled;
    this.fullButton.hidden = sound || !(player.requestFullscreen || media.webkitEnterFullscreen);
    const bar = h(
      "div.buttons",
      {},
      [this.playButton, this.muteButton, this.volume, this.time, h("span.gap")],
      [this.captions, this.sounds, this.rates, this.qualities].map((menu) => menu.element),
      [this.pipButton, this.fullButton],
    );
    const shade = h("div.controls", {}, this.seekBar.element, bar);
    this.parts = sound ? [shade] : [h("div.waiting", { "aria-hidden": "true" }), this.start, shade];
    this.#watch();
  }

  destroy() {
    clearTimeout(this.timer);
    for (const [target, type, act] of this.#watched) target.removeEventListener(type, act);
    if (document.fullscreenElement === this.player) document.exitFullscreen();
  }

  toggle() {
    // A browser that forbids it leaves the button to press.
    if (this.media.paused) this.media.play().catch(() => null);
    else this.media.pause();
  }

  /** The big button goes away then; who pressed it by keyboard stands on the small one. */
  #begin() {
    this.toggle();
    this.playButton.focus({ preventScroll: true });
  }

  toggleMute() {
    const silent = this.media.muted || this.media.volume === 0;
    this.#turn({ muted: !silent, volume: this.media.volume || QUIETEST_UNMUTED });
  }

  /** @param {number} volume 0 to 1 */
  turnTo(volume) {
    this.#turn({ muted: false, volume: Math.max(0, Math.min(1, volume)) });
  }

  #turn(loudness) {
    Object.assign(this.media, loudness);
    prefer(loudness);
  }

  async toggleFull() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (this.player.requestFullscreen) await this.player.requestFullscreen().catch(() => null);
    else this.media.webkitEnterFullscreen?.();
  }

  async togglePicture() {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await this.media.requestPictureInPicture?.().catch(() => null);
  }

  /** Show subtitles of a language without being asked to each time. @param {string | null | undefined} language */
  showCaptions(language) {
    const found = language && this.#texts().find((each) => each.language === language);
    if (found) found.mode = "showing";
  }

  /** Subtitles off, or the ones that were on before, or the first. */
  toggleCaptions() {
    const texts = this.#texts();
    const shown = texts.find((each) => each.mode === "showing");
    if (shown) this.lastText = shown;
    this.#caption(shown ? null : texts.includes(this.lastText) ? this.lastText : texts[0]);
  }

  /** Go to another speed of the list. @param {1 | -1} step */
  changeRate(step) {
    const at = RATES.findIndex((rate) => rate >= this.media.playbackRate);
    this.media.playbackRate = RATES[Math.max(0, Math.min(RATES.length - 1, at + step))];
  }

  get menuOpen() {
    return [this.captions, this.sounds, this.rates, this.qualities].some((menu) => menu.open);
  }

  /** Show the controls, and hide them again when nothing happens while it plays. */
  wake() {
    clearTimeout(this.timer);
    delete this.player.dataset.idle;
    this.timer = setTimeout(() => {
      const busy = this.media.paused || this.menuOpen || this.player.querySelector(":focus-visible");
      if (!busy) this.player.dataset.idle = "";
    }, IDLE_MS);
  }

  #button(name, path, click) {
    return h("button.control", { type: "button", "aria-label": name, title: name, on: { click } }, icon(path));
  }

  #on(target, types, act) {
    for (const type of types.split(" ")) {
      target.addEventListener(type, act);
      this.#watched.push([target, type, act]);
    }
  }

  #watch() {
    const { media, player, engine } = this;
    this.#on(media, "play playing pause ended waiting seeking seeked canplay emptied", () => this.#drawState());
    this.#on(media, "timeupdate durationchange seeking", () => this.#drawTime());
    this.#on(media, "volumechange", () => this.#drawVolume());
    this.#on(media, "ratechange", () => (this.rateFace.textContent = `${media.playbackRate}×`));
    this.#on(this.volume, "input", () => this.turnTo(Number(this.volume.value)));
    this.#on(engine.qualities, "change", () => (this.qualities.offered = engine.qualities.items.length > 1));
    this.#on(engine.sounds, "change", () => (this.sounds.offered = engine.sounds.items.length > 1));
    this.#on(media.textTracks, "addtrack removetrack change", () => this.#drawCaptions());
    this.#on(document, "fullscreenchange", () => this.#draw(this.fullButton, document.fullscreenElement ? ["Leave full screen", SMALL] : ["Full screen", FULL]));
    this.#on(player, "pointermove pointerdown keydown focusin", () => this.wake());
    this.#on(player, "pointerleave", (event) => event.pointerType === "mouse" && !media.paused && !this.menuOpen && (player.dataset.idle = ""));
    // A finger that touches the picture wants the controls; a mouse has them already.
    this.#on(media, "click", (event) => (event.pointerType === "touch" ? null : this.toggle()));
    this.#on(media, "dblclick", () => this.fullButton.hidden || this.toggleFull());
    this.#drawState();
    this.#drawVolume();
  }

  #draw(button, [name, path]) {
    button.setAttribute("aria-label", name);
    button.title = name;
    button.querySelector("path").setAttribute("d", path);
  }

  #drawState() {
    const { media, player } = this;
    const playing = !media.paused && !media.ended;
    player.toggleAttribute("data-playing", playing);
    player.toggleAttribute("data-begun", player.hasAttribute("data-begun") || playing || media.currentTime > 0);
    player.toggleAttribute("data-waiting", playing && media.readyState < 3);
    this.#draw(this.playButton, playing ? ["Pause", PAUSE] : ["Play", PLAY]);
    this.wake();
  }

  #drawTime() {
    this.time.textContent = `${clock(Math.floor(this.media.currentTime))} / ${clock(this.seekBar.length)}`;
  }

  #drawVolume() {
    const silent = this.media.muted || this.media.volume === 0;
    this.volume.value = silent ? 0 : this.media.volume;
    this.#draw(this.muteButton, silent ? ["Unmute", MUTED] : ["Mute", LOUD]);
  }

  #texts() {
    return [...this.media.textTracks].filter((track) => track.kind === "subtitles" || track.kind === "captions");
  }

  #drawCaptions() {
    const texts = this.#texts();
    this.captions.offered = texts.length > 0;
    this.captions.button.toggleAttribute("data-on", texts.some((each) => each.mode === "showing"));
  }

  #caption(chosen) {
    prefer({ captions: chosen?.language ?? null });
    for (const track of this.#texts()) track.mode = track === chosen ? "showing" : "disabled";
  }

  #captionItems() {
    const texts = this.#texts();
    const off = { label: "Off", checked: texts.every((each) => each.mode !== "showing"), choose: () => this.#caption(null) };
    return [off, ...texts.map((each) => ({ label: each.label || each.language, checked: each.mode === "showing", choose: () => this.#caption(each) }))];
  }

  #soundItems() {
    const { sounds } = this.engine;
    return sounds.items.map(({ label, language }, index) => ({ label: label || language, checked: index === sounds.selected, choose: () => sounds.choose(index) }));
  }

  #rateItems() {
    return RATES.map((rate) => ({ label: rate === 1 ? "Normal" : `${rate}×`, checked: rate === this.media.playbackRate, choose: () => (this.media.playbackRate = rate) }));
  }

  #qualityItems() {
    const { qualities } = this.engine;
    const lines = this.media.videoHeight;
    const auto = { label: qualities.selected < 0 && lines ? `Auto (${lines}p)` : "Auto", checked: qualities.selected < 0, choose: () => qualities.choose(-1) };
    const each = qualities.items.map(({ height, bitrate }, index) => ({ height, bitrate, label: `${height}p`, checked: index === qualities.selected, choose: () => qualities.choose(index) }));
    return [auto, ...each.sort((one, other) => other.height - one.height || other.bitrate - one.bitrate)];
  }
}
