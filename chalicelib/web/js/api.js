// The /v1 API: JSON in, JSON out, and every failure a Problem that a person can read.

import { forgetKey, rememberKey } from "./config.js";
import { sentence, words } from "./format.js";

/** What went wrong: an RFC 9457 document of the API, or the network. */
export class Problem extends Error {
  /** @param {{status?: number, code: string, title?: string, detail?: string, errors?: Array, request_id?: string}} document */
  constructor(document) {
    super(sentence(document.detail || document.title || words(document.code)));
    this.status = document.status ?? 0;
    this.code = document.code;
    this.title = document.title || words(document.code);
    this.requestId = document.request_id ?? null;
    this.fields = document.errors ?? [];
  }
}

export class Api {
  /**
   * @param {{base: string, key: string | null}} config
   * @param {(wrong: boolean) => Promise<{key: string, keep: boolean}>} askKey asks the person for an API key
   */
  constructor(config, askKey) {
    this.base = config.base;
    this.key = config.key;
    this.askKey = askKey;
  }

  get(path, options) {
    return this.#call("GET", path, undefined, options);
  }

  post(path, body, options) {
    return this.#call("POST", path, body, options);
  }

  delete(path) {
    return this.#call("DELETE", path);
  }

  async #call(method, path, body, { signal } = {}) {
    if (!this.key) await this.#newKey(false);
    let response = await this.#send(method, path, body, signal);
    while (response.status === 401) {
      await this.#newKey(true);
      response = await this.#send(method, path, body, signal);
    }
    return response.ok ? response.json().catch(() => null) : Promise.reject(await problemOf(response));
  }

  async #send(method, path, body, signal) {
    const headers = { Accept: "application/json", Authorization: `Bearer ${this.key}` };
    const raw = body instanceof Blob;
    if (body !== undefined) headers["Content-Type"] = raw ? body.type : "application/json";
    try {
      return await fetch(this.base + path, { method, headers, body: raw ? body : body && JSON.stringify(body), signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem({ code: "network", title: "No answer", detail: "The API did not answer. Is it running?" });
    }
  }

  async #newKey(wrong) {
    forgetKey();
    this.key = null;
    // Several calls may find the key wrong at once; they share one question.
    this.asking ??= this.askKey(wrong).finally(() => (this.asking = null));
    const { key, keep } = await this.asking;
    this.key = key;
    rememberKey(key, keep);
  }
}

async function problemOf(response) {
  const document = await response.json().catch(() => ({}));
  return new Problem({ code: `http-${response.status}`, title: response.statusText, ...document, status: response.status });
}
