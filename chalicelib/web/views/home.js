// The front: the drop zone, and what was published lately.

import { announce, h } from "../dom.js";
import { ago, clock } from "../format.js";
import { Slats } from "../slats.js";
import { statusOf } from "../status.js";

const REFRESH_MS = 4000;

export class HomeView {
  constructor(app) {
    this.app = app;
    document.title = "Sluice";
    this.note = h("p.note", { role: "alert" });
    this.list = h("ul.cards");
    this.more = h("button.quiet", { type: "button", hidden: true, on: { click: () => this.#load(this.cursor) } }, "Show more");
    this.library = h("section.library", { "aria-labelledby": "library", hidden: true }, h("h2", { id: "library" }, "Library"), this.list, this.more);
    this.element = h("div.home", {}, this.#gate(), this.library);
    this.assets = [];
    this.#load();
  }

  close() {
    clearTimeout(this.timer);
    this.closed = true;
  }

  /** Say why a file was turned away. */
  refuse(file, problem) {
    const why = problem.fields.map((field) => field.detail).filter(Boolean).join(" ");
    this.note.replaceChildren(h("strong", {}, `${file.name} was not taken. `), [problem.message, why].filter(Boolean).join(" "), " ", h("code", {}, problem.code));
  }

  #gate() {
    const input = h("input.unseen", {
      id: "file", type: "file", accept: "video/*,audio/*,.mkv,.mov,.mxf,.ts,.m2ts",
      on: { change: () => this.app.send(input.files[0]) },
    });
    const slats = new Slats();
    return h(
      "section.gate",
      {},
      h("h1", {}, "Drop a video.", h("br"), "Get a stream."),
      h("p.lead", {}, "Every rendition of a chunk is encoded in one go, all chunks side by side, and packaged once for HLS and DASH."),
      h("div.choose", {}, input, h("label.primary", { for: "file" }, "Choose a file"), h("span", {}, "or drop one anywhere on this page")),
      this.note,
      slats.element,
    );
  }

  async #load(cursor) {
    let page;
    try {
      page = await this.app.api.get(`/v1/assets?limit=24${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    } catch (problem) {
      this.note.replaceChildren(problem.message);
      return;
    }
    if (this.closed) return;
    const shown = page.data.filter((asset) => asset.status !== "cancelled");
    this.assets = cursor ? [...this.assets, ...shown] : shown;
    this.cursor = page.next_cursor;
    this.more.hidden = !this.cursor;
    this.library.hidden = this.assets.length === 0;
    this.#draw();
    if (cursor) announce(`${shown.length} more`);
    // Only what is still moving is worth another look, and only while the first page is all there is.
    const moving = this.assets.some((asset) => asset.status === "waiting" || asset.status === "preparing");
    clearTimeout(this.timer);
    if (moving && !cursor) this.timer = setTimeout(() => this.#load(), REFRESH_MS);
  }

  /** Draw the cards anew if they changed, and leave the keyboard's focus where it was. */
  #draw() {
    const drawn = JSON.stringify(this.assets);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const focused = this.list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.list.replaceChildren(...this.assets.map((asset) => this.#card(asset)));
    if (focused) this.list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  #card(asset) {
    const status = statusOf(asset);
    const poster = asset.images?.poster;
    const percent = asset.status === "preparing" ? asset.progress?.percent ?? 0 : null;
    return h(
      "li",
      {},
      h(
        "a.card",
        { href: `?asset=${encodeURIComponent(asset.id)}`, "data-route": true },
        h(
          "div.thumb",
          { "data-status": asset.status },
          poster && asset.status === "ready" ? h("img", { src: poster, alt: "", loading: "lazy" }) : h("span.mark", { "aria-hidden": "true" }, status.mark),
          asset.duration ? h("span.time", {}, clock(asset.duration)) : null,
          percent === null ? null : h("span.line", { style: `--share:${percent}%` }),
        ),
        h("span.name", {}, asset.filename || asset.id),
        h("span.state", { "data-tone": status.tone }, status.short, asset.created_at ? h("span.when", {}, ago(asset.created_at)) : null),
      ),
    );
  }
}
