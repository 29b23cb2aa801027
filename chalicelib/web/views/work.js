// The stage while there is nothing to play yet: how far the work has come, drawn as the gate.

import { announce, h } from "../js/dom.js";
import { clock, usd } from "../js/format.js";
import { Slats } from "../js/slats.js";
import { saying, STEPS } from "../js/status.js";

export class Work {
  /** @param {string[][]} steps of the way: a state and what it is called, in order */
  constructor(steps = STEPS) {
    this.states = steps.map(([state]) => state);
    this.slats = new Slats();
    this.steps = steps.map(([state, name]) => h("li", { "data-step": state }, name));
    this.percent = h("span.percent", {}, "0");
    this.line = h("p.line");
    this.left = h("span");
    this.right = h("span");
    this.bar = h("div.bar", { role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 }, this.slats.element);
    this.element = h(
      "div.work",
      {},
      h("ol.steps", {}, this.steps),
      h("p.count", {}, this.percent, h("small", {}, "%")),
      this.line,
      this.bar,
      h("p.foot", {}, this.left, this.right),
    );
    this.said = null;
  }

  /** Bytes are on their way. */
  showUpload(sentBytes, sizeBytes, detail, paused) {
    this.#show("uploading", sizeBytes ? sentBytes / sizeBytes : 0, detail, paused ? "Upload paused" : null);
    this.slats.resize(1);
    this.left.textContent = "";
  }

  /** The platform works on it. */
  showAsset(asset) {
    const { state, percent = 0, chunks_done: done = 0, chunks_total: total = 0 } = asset.progress ?? {};
    const chunks = total > 0 && state === "encoding" ? `${done} of ${total} chunks` : "";
    if (total > 0) this.slats.resize(total);
    this.#show(state, percent / 100, chunks);
    this.left.textContent = asset.duration ? `${clock(asset.duration)} of media` : "";
    this.right.textContent = asset.cost?.accrued_usd ? `${usd(asset.cost.accrued_usd)} so far` : "";
  }

  /** A composition becomes a video. */
  showRender({ status, progress = {}, duration, cost }) {
    const { percent = 0, frames_done: done, frames_total: total, chunks_total: chunks } = progress;
    if (chunks > 0) this.slats.resize(chunks);
    this.#show(status, percent / 100, total ? `${done} of ${total} frames` : "");
    this.left.textContent = duration ? `${clock(duration)} of video` : "";
    this.right.textContent = cost?.accrued_usd ? `${usd(cost.accrued_usd)} so far` : "";
  }

  #show(state, share, detail, said = null) {
    const doing = said ?? saying(state);
    const percent = Math.floor(share * 100);
    const current = this.states.indexOf(state);
    this.steps.forEach((step, index) => {
      step.dataset.done = index < current;
      if (index === current) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    });
    this.percent.textContent = percent;
    this.line.replaceChildren(h("strong", {}, doing), detail ? h("span", {}, detail) : "");
    this.bar.setAttribute("aria-valuenow", percent);
    this.bar.setAttribute("aria-valuetext", [`${percent}%`, doing, detail].filter(Boolean).join(", "));
    this.slats.fill(share);
    if (this.said !== doing) announce(doing);
    this.said = doing;
  }
}
