// What a viewer chose holds for the next video too: how loud it is, and which language of subtitles is shown.

const STORED = "sluice.player";

/** @returns {{volume?: number, muted?: boolean, captions?: string | null}} */
export function preferred() {
  try {
    return JSON.parse(localStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}

/** A browser may forbid it to a player inside another site's page; nothing is remembered then. */
export function prefer(changes) {
  try {
    localStorage.setItem(STORED, JSON.stringify({ ...preferred(), ...changes }));
  } catch {
    return;
  }
}
