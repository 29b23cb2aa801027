// What a status is called, how urgent it looks, and which step of the way it is.

export const STEPS = [
  ["uploading", "Upload"],
  ["ingesting", "Ingest"],
  ["probing", "Probe"],
  ["encoding", "Encode"],
  ["packaging", "Package"],
];

export const RENDER_STEPS = [
  ["queued", "Queue"],
  ["planning", "Plan"],
  ["rendering", "Render"],
  ["assembling", "Assemble"],
];

const SAID = {
  queued: "Waiting for a worker",
  planning: "Reading the composition",
  rendering: "Rendering",
  assembling: "Joining the chunks",
  uploading: "Uploading",
  ingesting: "Checking the file",
  probing: "Reading its tracks",
  encoding: "Encoding",
  packaging: "Writing the manifests",
};

/** @returns {{short: string, tone: "work" | "good" | "bad" | "idle", mark: string}} */
export function statusOf(asset) {
  switch (asset.status) {
    case "ready":
      return { short: "Ready", tone: "good", mark: asset.renditions?.length === 0 ? "♪" : "" };
    case "errored":
      return { short: "Failed", tone: "bad", mark: "!" };
    case "cancelled":
      return { short: "Cancelled", tone: "idle", mark: "–" };
    case "deleted":
      return { short: "Deleted", tone: "idle", mark: "–" };
    case "waiting":
      return { short: "Waiting for its file", tone: "idle", mark: "…" };
    default: {
      const percent = Math.floor(asset.progress?.percent ?? 0);
      return { short: `${SAID[asset.progress?.state] ?? "Working"} · ${percent}%`, tone: "work", mark: `${percent}%` };
    }
  }
}

export function saying(state) {
  return SAID[state] ?? "Working";
}

// Errors that lie in the file itself (chalicelib/errors.py, "media"): the same file fails again.
const FILE_ERRORS = new Set([
  "empty-source",
  "encrypted-source",
  "not-a-video",
  "playlist-not-allowed",
  "source-truncated",
  "unsupported-media",
  "upload-expired",
  "upload-too-large",
]);

/** What people know it by: the title that its owner gave it, or the name of its file. */
export function nameOf(asset) {
  return asset.meta?.title || asset.filename || asset.id;
}

const ENDED = { succeeded: ["Ready", "good"], failed: ["Failed", "bad"], cancelled: ["Cancelled", "idle"], timed_out: ["Timed out", "bad"] };

/** @returns {{short: string, tone: "work" | "good" | "bad" | "idle"}} of a render */
export function statusOfRender({ status, progress }) {
  const [short, tone] = ENDED[status] ?? [`${saying(status)} · ${Math.floor(progress?.percent ?? 0)}%`, "work"];
  return { short, tone };
}

/** Whether an asset is still on its way. */
export function isMoving(asset) {
  return asset.status === "waiting" || asset.status === "preparing";
}

/** Whether another try of the same file may end better. */
export function mayRetry(code) {
  return !FILE_ERRORS.has(code);
}
