// The uploads under way, a row for each, and those that a reload interrupted.

import { announce, h } from "../js/dom.js";
import { bytes, rate, span } from "../js/format.js";

export class Uploads {
  #rows = new Map();
  #interruptedIds = new Set();

  /** @param {{sender: import("../js/sender.js").Sender, send: (files: File[]) => void, problem: (text: string) => void}} app */
  constructor(app) {
    this.app = app;
    this.list = h("ul.rows");
    this.element = h("section.uploads", { "aria-labelledby": "uploads", hidden: true }, h("h2", { id: "uploads" }, "Uploads"), this.list);
    this.onChange = ({ detail }) => this.#draw(detail);
    app.sender.addEventListener("change", this.onChange);
    for (const each of app.sender.open) this.#draw(each);
    this.#interrupted();
  }

  /** Whether a row shows the upload of this asset. */
  has(assetId) {
    return this.#interruptedIds.has(assetId) || this.app.sender.open.some((each) => each.assetId === assetId);
  }

  close() {
    this.app.sender.removeEventListener("change", this.onChange);
  }

  #draw(sending) {
    const over = sending.state === "done" || sending.state === "cancelled";
    let row = this.#rows.get(sending);
    if (over) {
      row?.element.remove();
      this.#rows.delete(sending);
      if (sending.state === "done") announce(`${sending.file.name} is uploaded`);
    } else {
      if (!row) {
        row = this.#row(sending);
        this.#rows.set(sending, row);
        this.list.append(row.element);
      }
      row.draw();
    }
    this.element.hidden = this.list.childElementCount === 0;
  }

  #row(sending) {
    const { sender } = this.app;
    const { name, size } = sending.file;
    const bar = h("progress", { max: size || 1, value: 0, "aria-label": `Upload of ${name}` });
    const said = h("span.told");
    const hold = h("button.quiet", { type: "button", on: { click: () => (sending.state === "sending" || sending.state === "queued" ? sender.pause(sending) : sender.resume(sending)) } });
    const cancel = h("button.quiet.danger", { type: "button", "aria-label": `Cancel the upload of ${name}`, on: { click: () => sender.cancel(sending) } }, "Cancel");
    const draw = () => {
      const word = { sending: "Pause", queued: "Pause", paused: "Resume", failed: "Try again" }[sending.state];
      if (hold.textContent !== word) {
        hold.textContent = word;
        hold.setAttribute("aria-label", `${word}: upload of ${name}`);
      }
      bar.value = sending.sent;
      said.textContent = stateOf(sending);
      said.classList.toggle("bad", sending.state === "failed");
    };
    return { element: h("li.upload", {}, h("span.name", {}, name), bar, said, h("span.ways", {}, hold, cancel)), draw };
  }

  /** The browser has forgotten the file itself: the person points at it again. */
  async #interrupted() {
    const records = await this.app.sender.interrupted();
    for (const record of records) {
      const total = record.partSize ? Math.ceil(record.size / record.partSize) : 1;
      const share = record.done.length / total;
      const input = h("input.unseen", { type: "file", id: `again-${record.id}`, on: { change: () => this.#again(record, input.files[0], element) } });
      const drop = h("button.quiet.danger", { type: "button", "aria-label": `Discard the upload of ${record.name}`, on: { click: () => this.#discard(record, element) } }, "Discard");
      const bar = h("progress", { max: 1, value: share, "aria-label": `Upload of ${record.name}` });
      const said = h("span.told", {}, `Interrupted at ${Math.floor(share * 100)}% of ${bytes(record.size)}. Choose the file again to go on.`);
      const element = h("li.upload", {}, h("span.name", {}, record.name), bar, said, h("span.ways", {}, input, h("label.quiet", { for: input.id }, "Choose file"), drop));
      this.#interruptedIds.add(record.assetId);
      this.list.append(element);
    }
    this.element.hidden = this.list.childElementCount === 0;
  }

  #again(record, file, element) {
    if (file.name !== record.name || file.size !== record.size || file.lastModified !== record.modified) {
      element.querySelector(".told").textContent = `That is another file. Choose ${record.name} as it was.`;
      return;
    }
    element.remove();
    this.app.send([file]);
  }

  async #discard(record, element) {
    element.remove();
    this.element.hidden = this.list.childElementCount === 0;
    await this.app.sender.discard(record.id);
  }
}

/** @param {import("../js/sender.js").Sending} sending */
export function stateOf({ state, sent, rate: perSecond, file, problem }) {
  const part = `${bytes(sent)} of ${bytes(file.size)}`;
  if (state === "failed") return problem.message;
  if (state === "queued") return sent ? `${part} · waits for its turn` : "Waits for its turn";
  if (state === "paused") return `${part} · paused`;
  if (!perSecond || sent >= file.size) return part;
  return `${part} · ${rate(perSecond * 8)} · ${span((file.size - sent) / perSecond)} left`;
}
