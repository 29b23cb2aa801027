// Where the API is and which key to use. The page lies beside the API, behind whatever stage or domain that has. The
// local AWS hands out its development key (on loopback only); anywhere else the person types one. It lives as long as
// the tab, or on this device if they say so; it is never in an address.

const STORED = "sluice.api-key";

/** Of the deployment, without a slash at its end. */
export const BASE = new URL("../..", import.meta.url).href.replace(/\/$/, "");

/** @returns {Promise<{base: string, key: string | null, local: boolean}>} */
export async function loadConfig() {
  if (isLoopback(location.hostname)) {
    const response = await fetch(`${BASE}/local/config.json`, { cache: "no-store" });
    if (response.ok) {
      const config = await response.json();
      return { base: BASE, key: config.api_key, local: true };
    }
  }
  return { base: BASE, key: sessionStorage.getItem(STORED) ?? localStorage.getItem(STORED), local: false };
}

/** @param {boolean} keep beyond the tab */
export function rememberKey(key, keep) {
  (keep ? localStorage : sessionStorage).setItem(STORED, key);
}

export function forgetKey() {
  sessionStorage.removeItem(STORED);
  localStorage.removeItem(STORED);
}

function isLoopback(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname) || hostname.endsWith(".localhost");
}
