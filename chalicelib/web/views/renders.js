// The renders: their own page, and the latest of them below the library.

import { announce, h, icon } from "../js/dom.js";
import { Poller } from "../js/poller.js";
import { statusOfRender } from "../js/status.js";
import { cancelRender, factsOf, nameOfRender, PLAYED, SHOWN } from "./render.js";

const PACE = { soonMs: 2000, latestMs: 15_000 };
const FRAME = "M4 5h16v14H4zM4 9.5h16M9 5v4.5M15 5v4.5";

/** A list that draws itself anew while anything in it goes on. */
export class RenderList {
  /** @param {{limit: number, onLoad: (shown: number, more: boolean) => void, onFail?: (problem: Error) => void}} options */
  constructor(app, { limit, onLoad, onFail = () => null }) {
    Object.assign(this, { app, limit, onLoad, onFail });
    this.element = h("ul.rows");
    this.rows = new Map();
    this.poller = new Poller(() => this.load(), PACE);
  }

  close() {
    this.closed = true;
    this.poller.stop();
  }

  /** Twice as many from now on. */
  more() {
    this.limit *= 2;
    return this.load();
  }

  async load() {
    this.poller.cancel();
    let page;
    try {
      page = await this.app.api.get(`/v1/renders?limit=${Math.min(100, this.limit)}`);
    } catch (problem) {
      if (this.closed) return;
      this.onFail(problem);
      this.poller.again(false);
      return;
    }
    if (this.closed) return;
    const changed = this.#draw(page.data);
    this.onLoad(page.data.length, Boolean(page.next_cursor) && this.limit < 100);
    if (page.data.some((render) => !render.finished_at)) this.poller.again(changed);
  }

  /** Only rows that changed, and the keyboard's focus stays where it was. */
  #draw(renders) {
    const drawn = new Map();
    for (const render of renders) {
      // Each look gives the output another address.
      const text = JSON.stringify({ ...render, output: Boolean(render.output?.url) });
      const known = this.rows.get(render.id);
      drawn.set(render.id, known?.text === text ? known : { text, element: this.#row(render) });
    }
    const before = [...this.rows.values()];
    const changed = before.length !== drawn.size || [...drawn.values()].some((row, index) => row !== before[index]);
    this.rows = drawn;
    if (!changed) return false;
    const focused = this.element.contains(document.activeElement) ? document.activeElement : null;
    const id = focused?.closest("li").dataset.render;
    this.element.replaceChildren(...[...drawn.values()].map((row) => row.element));
    if (focused) (focused.isConnected ? focused : drawn.get(id)?.element.querySelector("a"))?.focus();
    return true;
  }

  #row(render) {
    const { short, tone } = statusOfRender(render);
    const name = nameOfRender(render);
    const { output, progress } = render;
    const done = progress?.percent ?? 0;
    const cancel = !render.finished_at && h("button.quiet.danger", { type: "button", "aria-label": `Cancel the render ${name}`, on: { click: () => this.#cancel(render, cancel) } }, "Cancel");
    return h(
      "li.render",
      { "data-render": render.id },
      h("a.picture", { href: `?render=${encodeURIComponent(render.id)}`, "data-route": true, tabindex: -1, "aria-hidden": "true" }, picture(render)),
      h(
        "div.what",
        {},
        h("a.name", { href: `?render=${encodeURIComponent(render.id)}`, "data-route": true }, name),
        h("span.state", { "data-tone": tone }, short),
        render.finished_at ? null : h("progress", { max: 100, value: done, "aria-label": `Render of ${name}` }),
        h("span.told", {}, [progress?.frames_total && !render.finished_at && `${progress.frames_done} of ${progress.frames_total} frames`, factsOf(render)].filter(Boolean).join(" · ")),
      ),
      h("span.ways", {}, output?.url && h("a.quiet", { href: output.url, download: "", "aria-label": `Download ${name}` }, "Download"), cancel),
    );
  }

  async #cancel(render, button) {
    button.disabled = true;
    await cancelRender(this.app.api, render.id).catch((problem) => announce(problem.message));
    this.load();
  }
}

/** The frame in the middle is the poster: nobody makes another, and many compositions begin in the dark. */
function picture({ output, duration }) {
  if (output?.url && PLAYED.has(output.format)) return h("video", { src: `${output.url}#t=${(duration ?? 0) / 2}`, preload: "metadata", muted: true, playsinline: true, tabindex: -1 });
  if (output?.url && SHOWN.has(output.format)) return h("img", { src: output.url, alt: "", loading: "lazy" });
  return icon(FRAME);
}

export class RendersView {
  constructor(app) {
    document.title = "Renders – Sluice";
    this.note = h("p.note", { role: "alert" });
    this.list = new RenderList(app, { limit: 24, onLoad: (...shown) => this.#loaded(...shown), onFail: (problem) => this.#say(problem) });
    this.more = h("button.quiet", { type: "button", hidden: true, on: { click: () => this.list.more() } }, "Show more");
    this.empty = h(
      "div.none",
      { hidden: true },
      h("p", {}, "Nothing is rendered yet. Hand in a composition, a folder with an index.html, and get a video:"),
      h("pre", {}, h("code", {}, "sluice render DIR --out video.mp4")),
    );
    this.element = h("div.home", {}, h("section.renders", { "aria-labelledby": "renders" }, h("h1", { id: "renders" }, "Renders"), this.note, this.empty, this.list.element, this.more));
    this.list.load();
  }

  close() {
    this.list.close();
  }

  #loaded(shown, more) {
    this.note.replaceChildren();
    this.empty.hidden = shown > 0;
    this.more.hidden = !more;
  }

  #say(problem) {
    this.note.replaceChildren(h("strong", {}, "The renders cannot be shown. "), problem.message, " ", h("button.quiet", { type: "button", on: { click: () => this.list.load() } }, "Try again"));
  }
}
