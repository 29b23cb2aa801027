// One render: how far its frames have come, then the video itself, and what is known of it.

import { announce, h } from "../js/dom.js";
import { ago, bytes, clock, fps, sentence, usd, words } from "../js/format.js";
import { createPlayer } from "../js/player.js";
import { Poller } from "../js/poller.js";
import { RENDER_STEPS, statusOfRender } from "../js/status.js";
import { facts, section } from "./details.js";
import { confirmed } from "./dialog.js";
import { Work } from "./work.js";

const PACE = { soonMs: 1500, latestMs: 8000 };
export const PLAYED = new Set(["mp4", "webm"]);
export const SHOWN = new Set(["gif", "png", "jpeg"]);

/** What people know it by: its page inside the project, when it is not the usual one. */
export function nameOfRender(render) {
  return render.options?.composition || render.id;
}

/** Format, picture, length and cost in one line. */
export function factsOf(render) {
  const cost = render.cost?.accrued_usd;
  return [
    render.options?.format?.toUpperCase(),
    render.width && `${render.width} × ${render.height}`,
    render.duration >= 1 && clock(render.duration),
    cost && usd(cost),
    ago(render.created_at),
  ].filter(Boolean).join(" · ");
}

/** Stop one that somebody waits for no more. */
export function cancelRender(api, id) {
  return api.post(`/v1/renders/${encodeURIComponent(id)}/cancel`);
}

export class RenderView {
  constructor(app, id) {
    Object.assign(this, { app, id });
    this.stage = h("div.stage", { "data-kind": "work" });
    this.title = h("h1", {}, "…");
    this.state = h("p.facts");
    this.actions = h("div.actions");
    this.details = h("div.details");
    this.element = h(
      "article.asset",
      {},
      h("nav.back", { "aria-label": "Back" }, h("a", { href: "?renders", "data-route": true }, "Renders")),
      this.stage,
      h("header.head", {}, h("div", {}, this.title, this.state), this.actions),
      this.details,
    );
    this.poller = new Poller(() => this.#load(), PACE);
    this.#load();
  }

  close() {
    this.closed = true;
    this.poller.stop();
    this.player?.destroy();
  }

  async #load() {
    let render;
    try {
      render = await this.app.api.get(`/v1/renders/${encodeURIComponent(this.id)}`);
    } catch (problem) {
      if (!this.closed) this.#missed(problem);
      return;
    }
    if (this.closed) return;
    const now = JSON.stringify({ ...render, output: null });
    const changed = now !== this.before;
    this.before = now;
    if (changed) this.#show(render);
    if (!render.finished_at) this.poller.again(changed);
  }

  /** No answer now is looked for again; that there is no such render is an answer. */
  #missed(problem) {
    if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
      this.title.textContent = this.id;
      this.#say(problem.title, problem.message, problem.code);
      return;
    }
    this.state.textContent = "The API does not answer. Trying again.";
    this.before = null;
    this.poller.again(false);
  }

  #show(render) {
    const { short, tone } = statusOfRender(render);
    const name = nameOfRender(render);
    this.title.textContent = name;
    document.title = `${name} – Sluice`;
    this.state.replaceChildren(h("span.state", { "data-tone": tone }, short), h("span", {}, ago(render.created_at)));
    this.#stage(render);
    this.#actions(render);
    this.details.replaceChildren(...details(render));
  }

  #stage(render) {
    const { output } = render;
    const first = render.errors?.[0];
    if (!render.finished_at) this.#working().showRender(render);
    else if (output?.url && PLAYED.has(output.format)) this.#play(output.url, render);
    else if (output?.url && SHOWN.has(output.format)) this.#fill("video", render, h("img.still", { src: output.url, alt: nameOfRender(render) }));
    else if (output?.url) this.#say("Ready", `A browser shows no ${words(output.format)}. Download it.`);
    else if (output) this.#say("No longer kept", "Its time is over. Render it again.");
    else if (first) this.#say(words(first.code), sentence(first.message), first.code);
    else this.#say(statusOfRender(render).short, "There is nothing to play.");
  }

  #working() {
    if (!this.work) {
      this.work = new Work(RENDER_STEPS);
      this.stage.replaceChildren(this.work.element);
    }
    return this.work;
  }

  async #play(file, render) {
    const asset = { title: nameOfRender(render), status: "ready", playback: { file } };
    const player = await createPlayer(asset, { onFatal: () => this.#giveUp() });
    if (this.closed) {
      player.destroy();
      return;
    }
    this.player = player;
    this.#fill("video", render, player.element);
    announce("Ready to play");
  }

  /** The address of a video is good for some minutes; there is always another. */
  #giveUp() {
    this.player?.destroy();
    this.player = null;
    const again = h("button.quiet", { type: "button", on: { click: () => ((this.before = null), this.#load()) } }, "Try again");
    this.#fill("bad", {}, h("div.said", { role: "alert" }, h("h2", {}, "This video does not play"), h("p", {}, "The connection broke, or the page was open for long."), h("p.ways", {}, again)));
  }

  #fill(kind, { width, height }, ...content) {
    this.work = null;
    this.stage.dataset.kind = kind;
    if (width) this.stage.style.setProperty("--ratio", `${width} / ${height}`);
    this.stage.replaceChildren(...content);
  }

  #say(title, text, code) {
    this.#fill(code ? "bad" : "note", {}, h("div.said", { role: code ? "alert" : null }, h("h2", {}, title), h("p", {}, text), code && h("p", {}, h("code", {}, code))));
  }

  #actions(render) {
    const { output } = render;
    const offered = `${render.finished_at} ${output?.url}`;
    if (offered === this.offered) return;
    this.offered = offered;
    const cancel = !render.finished_at && h("button.quiet.danger", { type: "button", on: { click: () => this.#cancel(cancel) } }, "Cancel");
    const fetch = output?.url && h("a.quiet", { href: output.url, download: "" }, "Download");
    const remove = render.finished_at && h("button.quiet.danger", { type: "button", on: { click: () => this.#remove(remove) } }, "Delete");
    this.actions.replaceChildren(...[fetch, cancel, remove].filter(Boolean));
  }

  async #remove(button) {
    if (!(await confirmed({ title: "Delete this render?", text: `${this.title.textContent}: its record and its video are removed.`, yes: "Delete" }))) return;
    button.disabled = true;
    try {
      await this.app.api.delete(`/v1/renders/${encodeURIComponent(this.id)}`);
      this.app.go("?renders", { replace: true });
      announce("Deleted");
    } catch (problem) {
      button.disabled = false;
      this.state.replaceChildren(h("span.bad", { role: "alert" }, problem.message));
    }
  }

  async #cancel(button) {
    button.disabled = true;
    try {
      await cancelRender(this.app.api, this.id);
    } catch (problem) {
      button.disabled = false;
      this.state.replaceChildren(h("span.bad", { role: "alert" }, problem.message));
    }
    this.#load();
  }
}

function details(render) {
  const { output, options = {}, progress = {} } = render;
  const total = render.cost?.accrued_usd ?? 0;
  return [
    section("Output", facts([
      ["Format", output?.format ?? options.format],
      ["Picture", render.width && `${render.width} × ${render.height}`],
      ["Frame rate", render.fps && fps(render.fps)],
      ["Duration", render.duration && clock(render.duration)],
      ["Size", output?.size && bytes(output.size)],
      ["Kept until", output?.expires_at && new Date(output.expires_at).toLocaleString()],
    ])),
    section("Cost", facts([
      [render.finished_at ? "Total" : "So far", usd(total)],
      ["For a minute", render.status === "succeeded" && render.duration > 0 && usd((total * 60) / render.duration)],
      ["Most", render.max_cost_usd && usd(render.max_cost_usd)],
    ])),
    section("Render", facts([
      ["Render", h("span.id", {}, render.id)],
      ["Site", h("span.id", {}, render.site_id)],
      ["Frames", progress.frames_total > 0 && `${progress.frames_done} of ${progress.frames_total}`],
      ["Chunks", progress.chunks_total > 0 && `${progress.chunks_done} of ${progress.chunks_total}`],
      ["Attempt", render.attempt > 1 && String(render.attempt)],
    ])),
  ];
}
