// Bytes from the person's disk to the source bucket: one presigned PUT, or parts of one file three at a time.
// Only XMLHttpRequest tells how far a PUT has come, hence no fetch here.

import { Problem } from "./api.js";

const PARALLEL = 3;
const TRIES = 4;
const FIRST_PAUSE_MS = 600;

/**
 * Send a file and hand it over for encoding.
 *
 * @param {import("./api.js").Api} api
 * @param {File} file
 * @param {{signal: AbortSignal, onCreated: (upload: object) => void, onProgress: (sentBytes: number) => void}} options
 * @returns {Promise<object>} the completed upload
 */
export async function uploadFile(api, file, { signal, onCreated, onProgress }) {
  const request = { filename: file.name, size: file.size, content_type: file.type || "application/octet-stream" };
  const upload = await api.post("/v1/uploads", request, { signal });
  const path = `/v1/uploads/${encodeURIComponent(upload.id)}`;
  onCreated(upload);
  try {
    if (upload.part_size) await sendParts(api, path, upload, file, signal, onProgress);
    else await sendWhole(api, path, upload, file, signal, onProgress);
  } catch (error) {
    // The upload is void without its bytes. That it could not be cancelled is no news: it expires by itself.
    if (signal.aborted) await api.post(`${path}/cancel`, {}).catch(() => null);
    throw error;
  }
  return api.post(`${path}/complete`, {}, { signal });
}

function sendWhole(api, path, upload, file, signal, onProgress) {
  const fresh = async () => (await api.get(path, { signal })).url;
  return put({ url: upload.url, fresh }, file, signal, onProgress);
}

/** Parts keep no order: three lanes each take the next one until none is left, and one failure stops them all. */
async function sendParts(api, path, upload, file, signal, onProgress) {
  const sent = new Array(upload.part_count).fill(0);
  const known = new Map(upload.parts.map((part) => [part.part_number, part.url]));
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let next = 0;
  const lane = async () => {
    while (next < sent.length) {
      const index = next;
      next += 1;
      const number = index + 1;
      const fresh = async () => (await api.get(`${path}/parts?from=${number}&count=1`, { signal: either })).data[0].url;
      const slice = file.slice(index * upload.part_size, number * upload.part_size);
      await put({ url: known.get(number), fresh }, slice, either, (bytes) => {
        sent[index] = bytes;
        onProgress(sent.reduce((sum, each) => sum + each, 0));
      });
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
