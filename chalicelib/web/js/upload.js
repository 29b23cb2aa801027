// Bytes from the person's disk to the source bucket: one presigned PUT, or parts of one file three at a time.
// Only XMLHttpRequest tells how far a PUT has come, hence no fetch here.

import { Problem } from "./api.js";

const PARALLEL = 3;
const TRIES = 4;
const FIRST_PAUSE_MS = 600;

/** Announce a file. @returns {Promise<object>} the upload */
export function openUpload(api, file, signal) {
  const request = { filename: file.name, size: file.size, content_type: file.type || "application/octet-stream" };
  return api.post("/v1/uploads", request, { signal });
}

/** @returns {string} */
export function uploadPath(id) {
  return `/v1/uploads/${encodeURIComponent(id)}`;
}

/**
 * Send what is not sent yet, and hand the file over for encoding.
 *
 * @param {import("./api.js").Api} api
 * @param {object} upload as the API gave it lately
 * @param {File} file
 * @param {{signal: AbortSignal, done: Set<number>, onPart: () => void, onProgress: (sentBytes: number) => void}} options
 *   `done` holds the numbers of the parts that S3 has, and grows.
 */
export async function sendFile(api, upload, file, options) {
  const path = uploadPath(upload.id);
  if (upload.part_size) await sendParts(api, path, upload, file, options);
  else await sendWhole(api, path, upload, file, options);
  return api.post(`${path}/complete`, {}, { signal: options.signal });
}

function sendWhole(api, path, upload, file, { signal, onProgress }) {
  const fresh = async () => (await api.get(path, { signal })).url;
  return put({ url: upload.url, fresh }, file, signal, onProgress);
}

/** Parts keep no order: three lanes each take the next one until none is left, and one failure stops them all. */
async function sendParts(api, path, upload, file, { signal, done, onPart, onProgress }) {
  const sizeOf = (number) => Math.min(upload.part_size, file.size - (number - 1) * upload.part_size);
  const numbers = Array.from({ length: upload.part_count }, (_, index) => index + 1);
  const sent = numbers.map((number) => (done.has(number) ? sizeOf(number) : 0));
  const left = numbers.filter((number) => !done.has(number));
  const known = new Map(upload.parts.map((part) => [part.part_number, part.url]));
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const lane = async () => {
    while (left.length) {
      const number = left.shift();
      const fresh = async () => (await api.get(`${path}/parts?from=${number}&count=1`, { signal: either })).data[0].url;
      const slice = file.slice((number - 1) * upload.part_size, number * upload.part_size);
      await put({ url: known.get(number), fresh }, slice, either, (bytes) => {
        sent[number - 1] = bytes;
        onProgress(sent.reduce((sum, each) => sum + each, 0));
      });
      done.add(number);
      onPart();
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, lane));
  } catch (error) {
    failed.abort();
    throw error;
  }
}

/**
 * PUT a body, and again after a broken connection, a busy storage or an expired address.
 *
 * @param {{url: string | undefined, fresh: () => Promise<string>}} target where to, and who signs a new address
 */
async function put(target, body, signal, onProgress) {
  let url = target.url;
  for (let tries = 1; ; tries += 1) {
    try {
      url ??= await target.fresh();
      return await putOnce(url, body, signal, onProgress);
    } catch (error) {
      const again = error instanceof Problem && (error.status === 0 || error.status === 403 || error.status === 429 || error.status >= 500);
      if (signal.aborted || !again || tries === TRIES) throw error;
      if (error.status === 403) url = undefined;
      onProgress(0);
      await new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.75 + Math.random() / 2)));
    }
  }
}

function putOnce(url, body, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.throwIfAborted();
    signal.addEventListener("abort", abort);
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", abort);
      if (signal.aborted) reject(signal.reason);
      else if (request.status >= 200 && request.status < 300) resolve(onProgress(body.size));
      else reject(storageProblem(request.status));
    });
    request.open("PUT", url);
    // A file's own type would be a header that nobody signed; the API knows it already.
    request.send(new Blob([body]));
  });
}

function storageProblem(status) {
  if (status === 0) {
    return new Problem({ code: "network", title: "The connection broke", detail: "The file could not be sent. Check the connection and try again." });
  }
  return new Problem({ status, code: "storage-refused", title: "The storage refused the file", detail: `It answered with status ${status}.` });
}
