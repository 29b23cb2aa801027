// The uploads of this tab. They outlive the views: a person may look around while bytes travel.

import { Problem } from "./api.js";
import { uploadFile } from "./upload.js";

/**
 * @typedef {object} Sending
 * @property {File} file
 * @property {number} sent bytes
 * @property {Problem | null} problem
 * @property {boolean} cancelled
 * @property {boolean} done
 * @property {AbortController} abort
 */

export class Sender extends EventTarget {
  /** @type {Map<string, Sending>} by asset id */
  #sendings = new Map();

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    super();
    this.api = api;
  }

  get busy() {
    return [...this.#sendings.values()].some((each) => !each.done);
  }

  /** @returns {Sending | undefined} */
  of(assetId) {
    return this.#sendings.get(assetId);
  }

  /** Begin to send a file; "change" tells of every step afterwards. */
  async start(file, { onCreated, onRefused }) {
    const sending = { file, sent: 0, problem: null, cancelled: false, done: false, abort: new AbortController() };
    let assetId = null;
    const change = () => this.dispatchEvent(new CustomEvent("change", { detail: assetId }));
    try {
      await uploadFile(this.api, file, {
        signal: sending.abort.signal,
        onCreated: (upload) => {
          assetId = upload.asset_id;
          this.#sendings.set(assetId, sending);
          onCreated(assetId);
        },
        onProgress: (bytes) => {
          sending.sent = bytes;
          change();
        },
      });
    } catch (error) {
      sending.cancelled = sending.abort.signal.aborted;
      sending.problem = error instanceof Problem ? error : new Problem({ code: "upload-failed", detail: error.message });
      if (assetId === null) onRefused(sending.problem);
    }
    sending.done = true;
    change();
  }
}
