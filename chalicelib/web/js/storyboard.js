// The storyboard: WebVTT whose cues name a part of a picture (`sprite.jpg#xywh=0,90,160,90`).

const TIME = /(?:(\d+):)?(\d{2}):(\d{2}(?:\.\d+)?)/;
const PART = /^(.*)#xywh=(\d+),(\d+),(\d+),(\d+)$/;

/** @typedef {{start: number, end: number, url: string, x: number, y: number, width: number, height: number}} Tile */

/**
 * @param {string} url of the WebVTT file; the names in it are relative to it
 * @returns {Promise<Tile[]>} in the order of time; none if it is not there
 */
export async function loadStoryboard(url) {
  const response = await fetch(url).catch(() => null);
  return response?.ok ? tiles(await response.text(), response.url) : [];
}

/** @returns {Tile[]} */
export function tiles(text, base) {
  const found = [];
  for (const block of text.replaceAll("\r", "").split(/\n\n+/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => line.includes("-->"));
    const part = PART.exec(lines[at + 1] ?? "");
    if (at < 0 || !part) continue;
    const [start, end] = lines[at].split("-->").map(seconds);
    const [x, y, width, height] = part.slice(2).map(Number);
    found.push({ start, end, url: new URL(part[1], base).href, x, y, width, height });
  }
  return found;
}

function seconds(text) {
  const [, hours = 0, minutes, rest] = TIME.exec(text) ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}
