// One asset, from its first byte to the last: the stage (work, player or what went wrong) and its details.
//
// It plays as soon as anything of it does: first the source itself, which grows while it is copied, then the ladder. Who
// has begun with the source keeps it to its end; who has not gets the ladder when that is ready.

import { Problem } from "../js/api.js";
import { announce, h } from "../js/dom.js";
import { sentence, words } from "../js/format.js";
import { createPlayer } from "../js/player.js";
import { Poller } from "../js/poller.js";
import { isMoving, mayRetry, nameOf, statusOf } from "../js/status.js";
import { details, factLine } from "./details.js";
import { confirmed } from "./dialog.js";
import { subtitles } from "./subtitles.js";
import { stateOf } from "./uploads.js";
import { Work } from "./work.js";

const PACE = { soonMs: 1000, latestMs: 6000 };
const TOKEN_S = 12 * 3600;

export class AssetView {
  /** @param {{dash: boolean}} options whether DASH was asked for in the address */
  constructor(app, id, { dash }) {
    this.app = app;
    this.id = id;
    this.dash = dash;
    this.poller = new Poller(() => this.#poll(), PACE);
    this.asset = null;
    this.stage = h("div.stage", { "data-kind": "work" });
    this.note = h("p.making", { hidden: true });
    this.title = h("h1", {}, app.sender.of(id)?.file.name ?? "…");
    this.facts = h("p.facts");
    this.actions = h("div.actions");
    this.details = h("div.details");
    this.element = h(
      "article.asset",
      {},
      h("nav.back", { "aria-label": "Back" }, h("a", { href: "./", "data-route": true }, "Library")),
      this.stage,
      this.note,
      h("header.head", {}, h("div", {}, this.title, this.facts), this.actions),
      this.details,
    );
    document.title = "Sluice";
    this.onSending = ({ detail }) => detail.assetId === id && this.#sending(detail);
    app.sender.addEventListener("change", this.onSending);
    const sending = app.sender.of(id);
    if (sending && app.sender.open.includes(sending)) this.#sending(sending);
    else this.#poll();
  }

  close() {
    this.closed = true;
    this.poller.stop();
    this.app.sender.removeEventListener("change", this.onSending);
    this.player?.destroy();
  }

  /** Another file was dropped here and turned away. */
  refuse(file, problem) {
    announce(`${file.name} was not taken. ${problem.message}`);
    this.facts.replaceChildren(h("span.bad", { role: "alert" }, `${file.name} was not taken. ${problem.message}`));
  }

  #sending(sending) {
    const { sender } = this.app;
    const { state } = sending;
    if (state === "cancelled") {
      this.app.go("./", { replace: true });
    } else if (state === "done") {
      this.sent = null;
      this.#poll();
    } else if (state === "failed") {
      this.#fail(sending.problem.title, sending.problem.message, sending.problem.code, ["Go on with it", () => sender.resume(sending)]);
    } else {
      this.#working().showUpload(sending.sent, sending.file.size, stateOf(sending), state === "paused");
    }
    if (state === this.sent || state === "cancelled" || state === "done") return;
    this.sent = state;
    const [word, act] = state === "paused" ? ["Resume", () => sender.resume(sending)] : ["Pause", () => sender.pause(sending)];
    const hold = state !== "failed" && h("button.quiet", { type: "button", on: { click: act } }, word);
    const focused = this.actions.contains(document.activeElement);
    this.actions.replaceChildren(...[hold, h("button.quiet.danger", { type: "button", on: { click: () => sender.cancel(sending) } }, "Cancel upload")].filter(Boolean));
    if (focused) this.actions.querySelector("button").focus();
  }

  async #poll() {
    let asset;
    try {
      asset = await this.#opened(await this.app.api.get(`/v1/assets/${encodeURIComponent(this.id)}`));
    } catch (problem) {
      if (this.closed) return;
      if (problem instanceof Problem && problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
        this.title.textContent = this.id;
        this.#fail(problem.title, problem.message, problem.code);
        return;
      }
      this.facts.textContent = "The API does not answer. Trying again.";
      this.poller.again(false);
      return;
    }
    if (this.closed) return;
    const now = JSON.stringify(asset);
    const changed = now !== this.before;
    this.before = now;
    if (changed) this.#show(asset);
    if (isMoving(asset)) this.poller.again(changed);
  }

  /** A signed asset shows no URLs: ask for some that end, once for each stream that is published of it. */
  async #opened(asset) {
    if (asset.playback.policy !== "signed" || !asset.playable) return asset;
    if (this.token?.stream !== asset.playback.hls_key) {
      const made = await this.app.api.post(`/v1/assets/${encodeURIComponent(this.id)}/tokens`, { ttl: TOKEN_S });
      this.token = { ...made, stream: asset.playback.hls_key };
    }
    const { video, image } = this.token;
    const opened = video.hls.slice(0, video.hls.indexOf(this.token.token) + this.token.token.length);
    const tracks = asset.tracks.map((track) => (track.key ? { ...track, url: `${opened}/${track.key.replace(/^media\//, "")}` } : track));
    return { ...asset, tracks, playback: { ...asset.playback, ...video }, images: { ...asset.images, ...image } };
  }

  #show(asset) {
    this.asset = asset;
    const name = nameOf(asset);
    this.title.textContent = name;
    document.title = `${name} – Sluice`;
    this.facts.replaceChildren(factLine(asset));
    const added = asset.status === "ready" ? [subtitles(asset, this.#tracks())] : [];
    // What somebody reads or types in is not taken from under them.
    if (!this.details.contains(document.activeElement) || !isMoving(asset)) this.details.replaceChildren(...details(asset), ...added);
    if (asset.status === "ready" || this.#playsEarly(asset)) this.#play(asset);
    else if (asset.status === "errored") this.#failAsset(asset);
    else if (asset.status === "preparing") this.#working().showAsset(asset);
    else if (asset.status === "waiting") this.#idle("Waiting for its file", "The upload has not finished. It may run in another tab, or have been interrupted.");
    else this.#idle(statusOf(asset).short, "There is nothing to play.");
    this.#actions(asset);
  }

  /** Whether its source can be played while the ladder is made. */
  #playsEarly(asset) {
    return asset.status === "preparing" && asset.playable && asset.playback.hls !== this.broken;
  }

  /** Play what the asset offers now, unless somebody is watching what it offered before. */
  async #play(asset) {
    const { hls } = asset.playback;
    const watching = this.player?.begun();
    this.#say(asset, watching && this.playing !== hls);
    if (this.playing === hls || watching) return;
    this.playing = hls;
    const focused = this.stage.contains(document.activeElement);
    try {
      const player = await createPlayer(asset, { dash: this.dash, onFatal: (detail, at) => this.#giveUp(hls, detail, at) });
      this.player?.destroy();
      this.player = player;
    } catch (error) {
      this.#fail("No player", error.message, "player");
      return;
    }
    if (this.closed) {
      this.player.destroy();
      return;
    }
    this.work = null;
    this.stage.dataset.kind = this.player.sound ? "sound" : "video";
    if (asset.aspect_ratio) this.stage.style.setProperty("--ratio", asset.aspect_ratio.replace(":", " / "));
    this.stage.replaceChildren(this.player.element);
    this.player.media.addEventListener("ended", () => this.asset.status === "ready" && this.#play(this.asset));
    if (focused) this.player.element.focus();
    announce(asset.status === "ready" ? "Ready to play" : "Plays already; its qualities are still being made");
  }

  /** Once more, from where it broke off. */
  async #playFrom(at) {
    await this.#play(this.asset);
    this.player?.media.addEventListener("loadedmetadata", ({ target }) => (target.currentTime = at), { once: true });
    this.player?.element.focus();
  }

  /** What to know about what is playing: that better is being made, or waits. */
  #say(asset, waits) {
    this.note.hidden = asset.status === "ready" && !waits;
    this.note.textContent = waits && asset.status === "ready"
      ? "Every quality is ready. They are used when this has ended."
      : `The file itself plays while its qualities are made. ${statusOf(asset).short}`;
  }

  /** A player gave up. What is still being made may play yet. */
  #giveUp(url, detail, at) {
    if (this.asset.status === "preparing") {
      this.broken = url;
      this.#stop();
      this.#working().showAsset(this.asset);
    } else {
      this.#fail("This stream does not play", `The player gave up: ${detail}.`, "playback", ["Try again", () => this.#playFrom(at)]);
    }
  }

  #stop() {
    this.player?.destroy();
    this.player = null;
    this.playing = null;
    this.note.hidden = true;
  }

  #working() {
    if (!this.work) {
      this.work = new Work();
      this.stage.dataset.kind = "work";
      this.stage.replaceChildren(this.work.element);
    }
    return this.work;
  }

  #idle(title, text) {
    this.work = null;
    this.stage.dataset.kind = "note";
    this.stage.replaceChildren(h("div.said", {}, h("h2", {}, title), h("p", {}, text)));
  }

  #failAsset(asset) {
    const [first] = asset.errors?.length ? asset.errors : [{ code: "unknown", message: "No reason was recorded." }];
    this.#fail(words(first.code), sentence(first.message), first.code, mayRetry(first.code) && ["Try again", () => this.#retry()]);
  }

  /** @param {[string, () => void]} [way] what else to do about it than to take another file */
  #fail(title, text, code, way) {
    this.work = null;
    this.#stop();
    this.stage.dataset.kind = "bad";
    this.stage.replaceChildren(
      h(
        "div.said",
        { role: "alert" },
        h("h2", {}, title),
        h("p", {}, text),
        h("p", {}, h("code", {}, code)),
        h(
          "p.ways",
          {},
          h("a.primary", { href: "./", "data-route": true }, "Publish another file"),
          way && h("button.quiet", { type: "button", on: { click: way[1] } }, way[0]),
        ),
      ),
    );
  }

  #actions(asset) {
    const shown = `${asset.status} ${asset.playable}`;
    if (shown === this.offered) return;
    this.offered = shown;
    if (asset.status === "preparing") {
      const stop = h("button.quiet.danger", { type: "button", on: { click: () => this.#cancel(stop) } }, "Cancel");
      this.actions.replaceChildren(stop);
      return;
    }
    const other = this.dash ? ["HLS", ""] : ["DASH", "&format=dash"];
    const link = asset.status === "ready" && h("a.quiet", { href: `?asset=${encodeURIComponent(asset.id)}${other[1]}`, "data-route": true }, `Play as ${other[0]}`);
    const remove = h("button.quiet.danger", { type: "button", on: { click: () => this.#remove(remove) } }, "Delete");
    this.actions.replaceChildren(...[link, remove].filter(Boolean));
  }

  /** What can be done about subtitles. A player shows those that it began with, so it begins again. */
  #tracks() {
    const path = `/v1/assets/${encodeURIComponent(this.id)}`;
    const after = async (change) => {
      await change;
      const asset = await this.#opened(await this.app.api.get(path));
      if (this.closed) return;
      this.#stop();
      this.#show(asset);
    };
    return {
      add: (query, file) => after(this.app.api.post(`${path}/tracks?${query}`, file)),
      remove: (id) => after(this.app.api.delete(`${path}/tracks/${id}`)),
    };
  }

  async #retry() {
    try {
      this.#show(await this.app.api.post(`/v1/assets/${encodeURIComponent(this.id)}/retry`));
      this.#poll();
    } catch (problem) {
      this.#fail(problem.title, problem.message, problem.code);
    }
  }

  async #cancel(button) {
    button.disabled = true;
    try {
      await this.app.api.post(`/v1/assets/${encodeURIComponent(this.id)}/cancel`);
    } catch (problem) {
      this.#complain(problem);
    }
    this.#poll();
  }

  async #remove(button) {
    const text = `${this.title.textContent}: its source, its streams and its pictures are removed. Whoever has a link to it sees nothing any more.`;
    if (!(await confirmed({ title: "Delete this asset?", text, yes: "Delete" }))) return;
    button.disabled = true;
    try {
      await this.app.api.delete(`/v1/assets/${encodeURIComponent(this.id)}`);
      this.app.go("./", { replace: true });
      announce("Deleted");
    } catch (problem) {
      button.disabled = false;
      this.#complain(problem);
    }
  }

  #complain(problem) {
    this.facts.replaceChildren(h("span.bad", { role: "alert" }, problem.message));
  }
}
