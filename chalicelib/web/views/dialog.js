// Dialogs: the browser keeps the focus inside, gives it back afterwards, and closes them by Escape.

import { h } from "../js/dom.js";

/**
 * @param {string} title
 * @param {...(Node | string | Array)} content
 * @returns {HTMLDialogElement} not shown yet; it is gone once it is closed
 */
export function dialog(title, ...content) {
  const heading = h("h2", { id: "dialog-title" }, title);
  const made = h("dialog.ask", { "aria-labelledby": "dialog-title" }, h("form", { method: "dialog" }, heading, ...content));
  made.addEventListener("close", () => made.remove());
  // A click beside it is one on the dialog itself; its form covers all of it.
  made.addEventListener("click", (event) => event.target === made && made.close());
  // What fills the screen hides what is not in it.
  (document.fullscreenElement ?? document.body).append(made);
  return made;
}

/** @returns {Promise<boolean>} whether they said yes */
export function confirmed({ title, text, yes }) {
  return new Promise((resolve) => {
    const asked = dialog(
      title,
      h("p", {}, text),
      h("p.ways", {}, h("button.quiet", { value: "", autofocus: true }, "Keep it"), h("button.primary.danger", { value: "yes" }, yes)),
    );
    asked.addEventListener("close", () => resolve(asked.returnValue === "yes"));
    asked.showModal();
  });
}
