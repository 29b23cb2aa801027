// The uploads of this tab. They outlive the views: a person may look around while bytes travel. Each can be paused and
// goes on where it was; after a reload the same file, chosen again, does too.

import { Problem } from "./api.js";
import { forget, interrupted, isSame, remember, whileHeld } from "./unfinished.js";
import { openUpload, sendFile, uploadPath } from "./upload.js";

const AT_ONCE = 2;
const PAUSE = "pause";
const CANCEL = "cancel";

/**
 * @typedef {object} Sending
 * @property {File} file
 * @property {string | null} assetId known once it is announced
 * @property {"queued" | "sending" | "paused" | "failed" | "cancelled" | "done"} state
 * @property {number} sent bytes
 * @property {number} rate bytes a second, lately
 * @property {Problem | null} problem
 */

export class Sender extends EventTarget {
  /** @type {Sending[]} */
  #all = [];

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    super();
    this.api = api;
  }

  get busy() {
    return this.#all.some((each) => each.state === "sending" || each.state === "queued");
  }

  /** What is not over. @returns {Sending[]} */
  get open() {
    return this.#all.filter((each) => each.state !== "done" && each.state !== "cancelled");
  }

  /** @returns {Sending | undefined} */
  of(assetId) {
    return this.#all.find((each) => each.assetId === assetId);
  }

  /** Begin to send a file, or go on with it; "change" tells of every step afterwards, with the sending as its detail. */
  start(file, { onCreated, onRefused }) {
    const sending = { file, assetId: null, upload: null, state: "queued", sent: 0, rate: 0, problem: null, done: new Set(), onCreated, onRefused };
    this.#all.push(sending);
    this.#changed(sending);
    this.#next();
  }

  pause(sending) {
    if (sending.state === "queued") this.#become(sending, "paused");
    else sending.abort?.abort(PAUSE);
  }

  resume(sending) {
    this.#become(sending, "queued");
    this.#next();
  }

  async cancel(sending) {
    const sent = sending.abort;
    this.#become(sending, "cancelled");
    sent?.abort(CANCEL);
    if (sending.upload) await this.discard(sending.upload.id);
    this.#next();
  }

  /** Drop an upload that nobody goes on with. That it could not be cancelled is no news: it expires by itself. */
  async discard(uploadId) {
    forget(uploadId);
    await this.api.post(`${uploadPath(uploadId)}/cancel`, {}).catch(() => null);
  }

  /** Uploads that ended with a tab, and can still be gone on with. @returns {Promise<import("./unfinished.js").Unfinished[]>} */
  async interrupted() {
    const mine = new Set(this.open.map((each) => each.upload?.id));
    const found = (await interrupted()).filter((each) => !mine.has(each.id));
    const alive = await Promise.all(found.map((each) => this.#stillOpen(each)));
    return found.filter((_, index) => alive[index]);
  }

  async #stillOpen(record) {
    const upload = await this.api.get(uploadPath(record.id)).catch((problem) => (problem.status === 404 ? {} : null));
    if (upload?.status !== "waiting" && upload) forget(record.id);
    return upload?.status === "waiting" ? upload : null;
  }

  #next() {
    const running = this.#all.filter((each) => each.state === "sending").length;
    for (const each of this.#all.filter(({ state }) => state === "queued").slice(0, Math.max(0, AT_ONCE - running))) this.#run(each);
  }

  async #run(sending) {
    sending.abort = new AbortController();
    sending.problem = null;
    this.#become(sending, "sending");
    const { signal } = sending.abort;
    try {
      sending.upload = await this.#announced(sending, signal);
      await whileHeld(sending.upload.id, () => sendFile(this.api, sending.upload, sending.file, {
        signal,
        done: sending.done,
        onPart: () => remember(sending.upload, sending.file, sending.done),
        onProgress: (bytes) => this.#progress(sending, bytes),
      }));
      forget(sending.upload.id);
      this.#become(sending, "done");
    } catch (error) {
      this.#ended(sending, signal, error);
    }
    this.#next();
  }

  /** Opened now, or a fresh look at what was opened before. */
  async #announced(sending, signal) {
    const { file } = sending;
    if (sending.upload) {
      const found = await this.api.get(uploadPath(sending.upload.id), { signal });
      if (found.status === "waiting") return found;
      forget(found.id);
      throw new Problem({ code: "upload-expired", title: "The upload has ended", detail: "It waited too long, or was cancelled elsewhere. Send the file again." });
    }
    const before = (await interrupted()).find((each) => isSame(each, file));
    const open = before && (await this.#stillOpen(before));
    if (open) sending.done = new Set(before.done);
    const upload = open || (await openUpload(this.api, file, signal));
    remember(upload, file, sending.done);
    sending.assetId = upload.asset_id;
    sending.onCreated(upload.asset_id);
    this.#changed(sending);
    return upload;
  }

  #ended(sending, signal, error) {
    if (signal.reason === CANCEL) return;
    sending.rate = 0;
    if (signal.reason === PAUSE) {
      this.#become(sending, "paused");
      return;
    }
    sending.problem = error instanceof Problem ? error : new Problem({ code: "upload-failed", detail: error.message });
    if (sending.assetId === null) sending.onRefused(sending.problem);
    this.#become(sending, sending.assetId === null ? "cancelled" : "failed");
  }

  #progress(sending, bytes) {
    const now = performance.now();
    sending.since ??= { now, bytes };
    const seconds = (now - sending.since.now) / 1000;
    if (seconds > 1) {
      const lately = Math.max(0, bytes - sending.since.bytes) / seconds;
      sending.rate = sending.rate ? 0.6 * sending.rate + 0.4 * lately : lately;
      sending.since = { now, bytes };
    }
    sending.sent = bytes;
    this.#changed(sending);
  }

  #become(sending, state) {
    sending.state = state;
    if (state !== "sending") sending.since = null;
    this.#changed(sending);
  }

  #changed(sending) {
    this.dispatchEvent(new CustomEvent("change", { detail: sending }));
  }
}
