// Where the API is and which key to use. The local AWS hands out its development key (on loopback only); anywhere else
// the person types one, and it lives no longer than the tab.

const STORED = "sluice.api-key";

/** @returns {Promise<{base: string, key: string | null, local: boolean}>} */
export async function loadConfig() {
  const stored = sessionStorage.getItem(STORED);
  if (isLoopback(location.hostname)) {
    const response = await fetch("/local/config.json", { cache: "no-store" });
    if (response.ok) {
      const config = await response.json();
      return { base: "", key: config.api_key, local: true };
    }
  }
  return { base: document.querySelector('meta[name="sluice-api"]')?.content ?? "", key: stored, local: false };
}

export function rememberKey(key) {
  sessionStorage.setItem(STORED, key);
}

export function forgetKey() {
  sessionStorage.removeItem(STORED);
}

function isLoopback(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname) || hostname.endsWith(".localhost");
}
