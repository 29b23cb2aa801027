// A button that opens a list of which one is chosen, by the pattern of WAI-ARIA: arrows move, Escape closes, and the
// focus goes back to the button.

import { h, icon } from "./dom.js";

/** @typedef {{label: string, checked: boolean, choose: () => void}} Item */

export class Menu {
  /**
   * @param {string} name what is chosen
   * @param {string | Node} face a path for an icon, or what else the button shows
   * @param {() => Item[]} items asked for each time it opens
   */
  constructor(name, face, items) {
    this.items = items;
    this.button = h(
      "button.control",
      { type: "button", "aria-label": name, title: name, "aria-haspopup": "menu", "aria-expanded": "false", on: { click: () => (this.open ? this.close() : this.show()) } },
      typeof face === "string" ? icon(face) : face,
    );
    this.list = h("div.menu", { role: "menu", "aria-label": name, hidden: true, on: { keydown: (event) => this.#key(event) } });
    this.element = h("span.chooser", { hidden: true }, this.button, this.list);
    this.element.addEventListener("focusout", (event) => this.open && !this.element.contains(event.relatedTarget) && this.close({ focus: false }));
  }

  get open() {
    return !this.list.hidden;
  }

  /** Whether there is anything to choose. */
  set offered(offered) {
    this.element.hidden = !offered;
    if (!offered) this.close({ focus: false });
  }

  show() {
    this.#fill();
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    (this.list.querySelector("[aria-checked=true]") ?? this.list.firstElementChild)?.focus();
  }

  close({ focus = true } = {}) {
    if (!this.open) return;
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (focus) this.button.focus();
  }

  #fill() {
    this.list.replaceChildren(
      ...this.items().map(({ label, checked, choose }) =>
        h("button", { type: "button", role: "menuitemradio", tabindex: -1, "aria-checked": String(checked), on: { click: () => (choose(), this.close()) } }, label),
      ),
    );
  }

  #key(event) {
    const all = [...this.list.children];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[to % all.length].focus();
    else if (event.key === "Escape") this.close();
    else if (event.key !== "Tab") return;
    event.stopPropagation();
    if (event.key !== "Tab") event.preventDefault();
  }
}
