// Asking for the API key, where nobody hands one out.

import { h } from "../dom.js";

/** @param {boolean} wrong whether the last key was refused */
export function askKey(wrong) {
  return new Promise((resolve) => {
    const input = h("input", {
      id: "key", type: "password", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "key-note",
    });
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", {}, "API key"),
      h("p", { id: "key-note" }, wrong ? "That key was not accepted. Try another." : "Kept in this tab only, and forgotten when you close it."),
      h("label", { for: "key" }, "Key"),
      input,
      h("button.primary", { type: "submit" }, "Continue"),
    );
    const dialog = h("dialog.ask", { "aria-label": "API key" }, form);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(input.value.trim());
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
