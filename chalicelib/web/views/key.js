// Asking for the API key, where nobody hands one out.

import { h } from "../js/dom.js";
import { dialog } from "./dialog.js";

/**
 * @param {boolean} wrong whether the last key was refused
 * @returns {Promise<{key: string, keep: boolean}>}
 */
export function askKey(wrong) {
  return new Promise((resolve) => {
    const input = h("input", {
      id: "key", type: "password", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "key-note",
    });
    const keep = h("input", { type: "checkbox" });
    const asked = dialog(
      "API key",
      h(wrong ? "p.bad" : "p", { id: "key-note", role: wrong ? "alert" : null }, wrong ? "That key was not accepted. Try another." : "Kept in this tab only, and forgotten when you close it."),
      h("label", { for: "key" }, "Key"),
      input,
      h("label.tick", {}, keep, "Keep it on this device"),
      h("button.primary", { type: "submit" }, "Continue"),
    );
    // Without a key there is nothing to see: the question stays.
    asked.addEventListener("cancel", (event) => event.preventDefault());
    asked.addEventListener("close", () => {
      const key = input.value.trim();
      resolve(key ? { key, keep: keep.checked } : askKey(wrong));
    });
    asked.showModal();
    input.focus();
  });
}
