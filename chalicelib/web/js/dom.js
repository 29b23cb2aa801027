// Elements from data. Text always becomes a text node, so nothing that a customer typed is ever parsed as HTML.

/**
 * @param {string} tag element name, optionally with classes: "p.note.small"
 * @param {Object<string, unknown>} [props] attributes; `on` holds listeners and `vars` custom properties of its style,
 *   which the page's policy lets scripts set, but no attribute; null, undefined and false are left out
 * @param {...(Node | string | number | null | undefined | false | Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (key === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (key === "vars") for (const [name, each] of Object.entries(value)) element.style.setProperty(name, each);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, String(value));
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A 24-unit line icon of the given path, hidden from those who listen. */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Say something to people who listen rather than look. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
