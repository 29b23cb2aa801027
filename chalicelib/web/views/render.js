// What became of a composition: its row in the list, and its own page with the video.

import { announce, h } from "../js/dom.js";
import { ago, bytes, clock, fps, sentence, usd, words } from "../js/format.js";
import { Poller } from "../js/poller.js";
import { facts, section } from "./details.js";

const PACE = { soonMs: 1500, latestMs: 8000 };
const ENDED = { succeeded: ["Ready", "good"], failed: ["Failed", "bad"], cancelled: ["Cancelled", "idle"], timed_out: ["Timed out", "bad"] };
const PLAYED = new Set(["mp4", "webm"]);

/** @returns {[string, string]} what its status is called, and how urgent it looks */
function statusOf({ status, progress }) {
  return ENDED[status] ?? [`${words(status)} · ${Math.floor(progress?.percent ?? 0)}%`, "work"];
}

/** @param {object} render */
export function renderRow(render) {
  const [said, tone] = statusOf(render);
  const facts = [render.options?.format?.toUpperCase(), render.width && `${render.width} × ${render.height}`, render.duration && clock(render.duration), ago(render.created_at)];
  return h(
    "li",
    {},
    h("a.row", { href: `?render=${encodeURIComponent(render.id)}`, "data-route": true },
      h("span.name", {}, nameOf(render)), h("span.state", { "data-tone": tone }, said), h("span.small", {}, facts.filter(Boolean).join(" · "))),
  );
}

function nameOf(render) {
  return render.options?.composition || render.id;
}

export class RenderView {
  constructor(app, id) {
    Object.assign(this, { app, id });
    this.stage = h("div.stage", { "data-kind": "note" });
    this.title = h("h1", {}, "…");
    this.state = h("p.facts");
    this.actions = h("div.actions");
    this.details = h("div.details");
    this.element = h(
      "article.asset",
      {},
      h("nav.back", { "aria-label": "Back" }, h("a", { href: "./", "data-route": true }, "Library")),
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
  }

  async #load() {
    let render;
    try {
      render = await this.app.api.get(`/v1/renders/${encodeURIComponent(this.id)}`);
    } catch (problem) {
      if (!this.closed) this.#say(problem.title, problem.message, problem.code);
      return;
    }
    if (this.closed) return;
    const now = JSON.stringify({ ...render, output: null });
    if (now !== this.before) this.#show(render);
    if (!render.finished_at) this.poller.again(now !== this.before);
    this.before = now;
  }

  #show(render) {
    const [said, tone] = statusOf(render);
    this.title.textContent = nameOf(render);
    document.title = `${nameOf(render)} – Sluice`;
    this.state.replaceChildren(h("span.state", { "data-tone": tone }, said), h("span", {}, ago(render.created_at)));
    const { progress, output, options = {} } = render;
    const first = render.errors?.[0];
    if (output?.url && PLAYED.has(output.format)) this.#play(output.url, render);
    else if (first) this.#say(words(first.code), sentence(first.message), first.code);
    else this.#say(said, progress?.frames_total ? `${progress.frames_done} of ${progress.frames_total} frames` : "");
    const cancel = h("button.quiet.danger", { type: "button", on: { click: () => this.#cancel(cancel) } }, "Cancel");
    const fetch = output?.url && h("a.quiet", { href: output.url, download: "" }, "Download");
    this.actions.replaceChildren(...[fetch, !render.finished_at && cancel].filter(Boolean));
    this.details.replaceChildren(
      section("Output", facts([
        ["Format", output?.format ?? options.format], ["Picture", render.width && `${render.width} × ${render.height}`], ["Frame rate", render.fps && fps(render.fps)],
        ["Duration", render.duration && clock(render.duration)], ["Size", output?.size && bytes(output.size)], ["Kept until", output?.expires_at && new Date(output.expires_at).toLocaleString()],
      ])),
      section("Cost", facts([["So far", usd(render.cost?.accrued_usd ?? 0)], ["Most", render.max_cost_usd && usd(render.max_cost_usd)]])),
      section("Render", facts([["Render", h("span.id", {}, render.id)], ["Site", h("span.id", {}, render.site_id)], ["Chunks", progress?.chunks_total && `${progress.chunks_done} of ${progress.chunks_total}`]])),
    );
    if (said !== this.said) announce(said);
    this.said = said;
  }

  #play(url, render) {
    this.stage.dataset.kind = "video";
    if (render.width) this.stage.style.setProperty("--ratio", `${render.width} / ${render.height}`);
    this.stage.replaceChildren(h("video", { src: url, controls: true, playsinline: true, preload: "metadata", "aria-label": nameOf(render) }));
  }

  #say(title, text, code) {
    this.stage.dataset.kind = code ? "bad" : "note";
    this.stage.replaceChildren(h("div.said", { role: code ? "alert" : null }, h("h2", {}, title), h("p", {}, text), code && h("p", {}, h("code", {}, code))));
  }

  async #cancel(button) {
    button.disabled = true;
    await this.app.api.post(`/v1/renders/${encodeURIComponent(this.id)}/cancel`).catch((problem) => announce(problem.message));
    this.#load();
  }
}
