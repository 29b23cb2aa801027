// Numbers as people read them.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function bytes(size) {
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/** Seconds as a clock: 0:42, 1:02:03. */
export function clock(seconds) {
  const total = Math.round(seconds);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** Seconds as words for a table: "42.1 s", "2 min 19 s". */
export function span(seconds) {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Bits per second. */
export function rate(bps) {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(bps < 1e7 ? 1 : 0)} Mb/s` : `${Math.round(bps / 1e3)} kb/s`;
}

/** A cost that may be a hundredth of a cent: always two meaningful digits. */
export function usd(amount) {
  if (amount === 0) return "$0.00";
  if (amount < 0.000001) return "< $0.000001";
  return `$${amount < 0.1 ? Number(amount.toPrecision(2)).toFixed(Math.max(2, 1 - Math.floor(Math.log10(amount)))) : amount.toFixed(2)}`;
}

const AGO = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(timestamp) {
  const seconds = (new Date(timestamp).getTime() - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return "";
  if (seconds > -45) return "just now";
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (-seconds >= size * 0.75) return AGO.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

/** A number of frames a second: 30, 29.97, 23.976. */
export function fps(value) {
  return `${Number(Number(value).toFixed(3))} fps`;
}

/** A sentence of the API as one of the page: it starts with a capital and ends with a stop. */
export function sentence(text) {
  const said = String(text).trim();
  return said && `${said[0].toUpperCase()}${said.slice(1)}${/[.!?…]$/.test(said) ? "" : "."}`;
}

/** "Not a video" from "not-a-video", when an error came without words of its own. */
export function words(code) {
  const text = String(code || "unknown error").replaceAll("-", " ");
  return text[0].toUpperCase() + text.slice(1);
}
