// The tracks of text of a ready asset: those that were added can be taken out again, and a file can be added.

import { announce, h } from "../js/dom.js";

const TYPES = { vtt: "text/vtt" };

/**
 * @param {object} asset
 * @param {{add: (query: string, file: Blob) => Promise<void>, remove: (id: string) => Promise<void>}} actions
 * @returns {HTMLElement}
 */
export function subtitles(asset, actions) {
  const said = h("p.small", { role: "alert", hidden: true });
  const run = async (what, name, button) => {
    button.disabled = true;
    said.hidden = true;
    try {
      await what();
      announce(name);
    } catch (problem) {
      button.disabled = false;
      said.hidden = false;
      said.textContent = problem.message;
    }
  };
  const texts = (asset.tracks ?? []).filter((track) => track.type === "text");
  const row = ({ id, name, language, url }) => {
    const button = id && h("button.quiet", { type: "button", "aria-label": `Remove ${name}`, on: { click: () => run(() => actions.remove(id), `${name} removed`, button) } }, "Remove");
    return h("li", {}, h("span.what", {}, language), h("a", { href: url }, name), button);
  };
  return h(
    "section",
    { "data-part": "subtitles" },
    h("h2", {}, "Subtitles"),
    texts.length > 0 && h("ul.links", {}, texts.map(row)),
    form(actions, run),
    said,
  );
}

function form(actions, run) {
  const language = h("input", { name: "language", required: true, maxlength: 35, pattern: "[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", placeholder: "de, pt-BR …", autocomplete: "off" });
  const file = h("input", { name: "file", type: "file", required: true, accept: ".srt,.vtt" });
  const button = h("button.quiet", { type: "submit" }, "Add");
  const submit = (event) => {
    event.preventDefault();
    const [chosen] = file.files;
    const type = TYPES[chosen.name.split(".").pop().toLowerCase()] ?? "application/x-subrip";
    const query = new URLSearchParams({ language: language.value });
    run(() => actions.add(String(query), new Blob([chosen], { type })), `Subtitles in ${language.value} added`, button);
  };
  return h("form.add", { on: { submit } }, h("label", {}, "Language ", language), h("label", {}, "SRT or WebVTT ", file), button);
}
