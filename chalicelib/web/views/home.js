// The front: where files are dropped, what is on its way, and what was published and rendered lately.

import { announce, h, icon } from "../js/dom.js";
import { ago, clock, words } from "../js/format.js";
import { Poller } from "../js/poller.js";
import { Slats } from "../js/slats.js";
import { isMoving, mayRetry, nameOf, statusOf } from "../js/status.js";
import { RenderList } from "./renders.js";
import { Uploads } from "./uploads.js";

const PACE = { soonMs: 2000, latestMs: 15_000 };
const FILM = "M4 5h16v14H4zM10 9.5v5l4.5-2.5z";
const SHOWN_RENDERS = 6;

export class HomeView {
  constructor(app) {
    this.app = app;
    document.title = "Sluice";
    this.note = h("p.note", { role: "alert" });
    this.list = h("ul.cards");
    this.cards = new Map();
    this.more = h("button.quiet", { type: "button", hidden: true, on: { click: () => this.#load(this.cursor) } }, "Show more");
    this.wait = h("ul.cards.wait", { "aria-hidden": "true" }, Array.from({ length: 4 }, () => h("li", {}, h("div.thumb"))));
    this.library = h("section.library", { "aria-labelledby": "library", "aria-busy": "true" }, h("h2", { id: "library" }, "Library"), this.wait, this.list, this.more);
    this.renderList = new RenderList(app, { limit: SHOWN_RENDERS, onLoad: (shown, more) => this.#rendersLoaded(shown, more) });
    this.allRenders = h("a.quiet", { href: "?renders", "data-route": true, hidden: true }, "All renders");
    this.renders = h("section.renders", { "aria-labelledby": "renders", hidden: true }, h("h2", { id: "renders" }, "Renders"), this.renderList.element, this.allRenders);
    this.uploads = new Uploads(app);
    this.gate = this.#gate();
    this.element = h("div.home", { "data-state": "loading" }, this.gate, this.note, this.uploads.element, this.library, this.renders);
    this.assets = [];
    this.poller = new Poller(() => this.#load(), PACE);
    this.onSending = ({ detail }) => detail.state === "done" && this.#load();
    app.sender.addEventListener("change", this.onSending);
    this.#load();
    this.renderList.load();
  }

  close() {
    this.closed = true;
    this.poller.stop();
    this.renderList.close();
    this.uploads.close();
    this.app.sender.removeEventListener("change", this.onSending);
  }

  /** Say why a file was turned away. */
  refuse(file, problem) {
    const why = problem.fields.map((field) => field.detail).filter(Boolean).join(" ");
    this.#say(h("strong", {}, `${file.name} was not taken. `), [problem.message, why].filter(Boolean).join(" "), " ", h("code", {}, problem.code));
  }

  #say(...content) {
    this.note.replaceChildren(...content);
  }

  #gate() {
    const input = h("input.unseen", {
      id: "file", type: "file", multiple: true, accept: "video/*,audio/*,.mkv,.mov,.mxf,.ts,.m2ts",
      on: { change: () => (this.app.send(input.files), (input.value = "")) },
    });
    return h(
      "section.gate",
      {},
      h("h1", {}, "Drop a video.", " ", h("br"), "Get a stream."),
      h("p.lead", {}, "Every rendition of a chunk is encoded in one go, all chunks side by side, and packaged once for HLS and DASH."),
      h("div.choose", {}, input, h("label.primary", { for: "file" }, "Choose files"), h("span", {}, "or drop them anywhere on this page")),
      new Slats().element,
    );
  }

  async #load(cursor) {
    this.poller.cancel();
    let page;
    try {
      page = await this.app.api.get(`/v1/assets?limit=24${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    } catch (problem) {
      if (this.closed) return;
      this.#failed(problem);
      return;
    }
    if (this.closed) return;
    if (this.failed) this.#say();
    this.failed = false;
    const shown = page.data.filter((asset) => asset.status !== "cancelled" && !this.#sending(asset));
    // Further pages stay as they were: only the first is looked at again.
    const first = new Set(shown.map((asset) => asset.id));
    const kept = cursor ? this.assets : this.assets.slice(this.firstPage ?? 0).filter((asset) => !first.has(asset.id));
    this.assets = cursor ? [...kept, ...shown] : [...shown, ...kept];
    if (!cursor) this.firstPage = shown.length;
    if (cursor || this.cursor === undefined) this.cursor = page.next_cursor;
    this.#draw();
    if (cursor) announce(`${shown.length} more`);
    const now = JSON.stringify(page.data);
    // Only what is still moving is worth another look.
    if (this.assets.some(isMoving)) this.poller.again(now !== this.before);
    this.before = now;
  }

  /** It is a row of the uploads. */
  #sending(asset) {
    return asset.status === "waiting" && this.uploads.has(asset.id);
  }

  #failed(problem) {
    this.failed = true;
    this.element.dataset.state = this.assets.length ? "some" : "failed";
    this.library.removeAttribute("aria-busy");
    this.wait.hidden = true;
    this.#say(h("strong", {}, "The library cannot be shown. "), problem.message, " ", h("button.quiet", { type: "button", on: { click: () => this.#load() } }, "Try again"));
    this.poller.again(false);
  }

  /** Draw the cards that changed, and leave the keyboard's focus where it was. */
  #draw() {
    this.element.dataset.state = this.assets.length ? "some" : "empty";
    this.library.hidden = this.assets.length === 0;
    this.library.removeAttribute("aria-busy");
    this.wait.hidden = true;
    this.more.hidden = !this.cursor;
    const drawn = new Map();
    for (const asset of this.assets) {
      const text = JSON.stringify(asset);
      const known = this.cards.get(asset.id);
      if (known?.text === text) {
        drawn.set(asset.id, known);
      } else {
        const element = this.#card(asset);
        if (known?.element.contains(document.activeElement)) queueMicrotask(() => element.querySelector("a")?.focus());
        drawn.set(asset.id, { text, element });
      }
    }
    this.cards = drawn;
    const elements = [...drawn.values()].map((card) => card.element);
    if (elements.some((element, index) => this.list.children[index] !== element) || elements.length !== this.list.childElementCount) {
      const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
      this.list.replaceChildren(...elements);
      if (focused?.isConnected) focused.focus();
    }
  }

  #card(asset) {
    const status = statusOf(asset);
    const poster = asset.images?.poster;
    const percent = asset.status === "preparing" ? asset.progress?.percent ?? 0 : null;
    const error = asset.status === "errored" ? asset.errors?.[0] : null;
    const name = nameOf(asset);
    return h(
      "li",
      {},
      h(
        "a.card",
        { href: `?asset=${encodeURIComponent(asset.id)}`, "data-route": true },
        h(
          "div.thumb",
          { "data-status": asset.status },
          poster && asset.status === "ready" ? h("img", { src: poster, alt: "", loading: "lazy" }) : h("span.mark", { "aria-hidden": "true" }, status.mark || icon(FILM)),
          asset.playback?.policy === "signed" ? h("span.tag", {}, "Signed") : null,
          asset.duration ? h("span.time", {}, clock(asset.duration)) : null,
          percent === null ? null : h("span.line", { vars: { "--share": `${percent}%` } }),
        ),
        h("span.name", {}, name),
        h("span.state", { "data-tone": status.tone }, error ? `${status.short}: ${words(error.code).toLowerCase()}` : status.short, asset.created_at ? h("span.when", {}, ago(asset.created_at)) : null),
      ),
      error && mayRetry(error.code) && h("button.quiet.again", { type: "button", "aria-label": `Try ${name} again`, on: { click: ({ target }) => this.#retry(asset, target) } }, "Try again"),
    );
  }

  async #retry(asset, button) {
    button.disabled = true;
    try {
      await this.app.api.post(`/v1/assets/${encodeURIComponent(asset.id)}/retry`);
    } catch (problem) {
      this.#say(problem.message);
    }
    this.#load();
  }

  /** The library is what people come for; without renders there is just nothing to show. */
  #rendersLoaded(shown, more) {
    this.renders.hidden = shown === 0;
    this.allRenders.hidden = !more;
  }
}
