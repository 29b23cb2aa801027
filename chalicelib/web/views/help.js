// The keys, for those who ask with "?"; the page and /embed share it.

import { h } from "../js/dom.js";
import { KEYS } from "../js/hotkeys.js";
import { dialog } from "./dialog.js";

export function showKeys() {
  if (document.querySelector("dialog[open]")) return;
  const rows = [...KEYS, ["?", "This list"]].map(([keys, what]) => h("div", {}, h("dt", {}, keys.split(" ").map((key) => (/^(or|…)$/.test(key) ? ` ${key} ` : h("kbd", {}, key)))), h("dd", {}, what)));
  dialog("Keys of the player", h("dl.keys", {}, rows), h("p.ways", {}, h("button.quiet", { value: "" }, "Close"))).showModal();
}

export function showKeysWhenAsked() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.target.closest?.("input, textarea, dialog")) return;
    event.preventDefault();
    showKeys();
  });
}
