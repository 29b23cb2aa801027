// The page: which view the address asks for, what the whole window does with a dropped file, and the API key.

import { Api } from "./api.js";
import { forgetKey, loadConfig } from "./config.js";
import { h } from "./dom.js";
import { Sender } from "./sender.js";
import { AssetView } from "../views/asset.js";
import { showKeys, showKeysWhenAsked } from "../views/help.js";
import { HomeView } from "../views/home.js";
import { askKey } from "../views/key.js";
import { RenderView } from "../views/render.js";
import { RendersView } from "../views/renders.js";

const main = document.getElementById("main");
const veil = document.getElementById("veil");
const config = await loadConfig();
const api = new Api(config, askKey);
const sender = new Sender(api);
let view = null;

/** Show what the address asks for. */
function route({ focus = false } = {}) {
  view?.close();
  const query = new URLSearchParams(location.search);
  const assetId = query.get("asset");
  const app = { api, sender, go, send };
  if (assetId) view = new AssetView(app, assetId, { dash: query.get("format") === "dash" });
  else if (query.has("render")) view = new RenderView(app, query.get("render"));
  else if (query.has("renders")) view = new RendersView(app);
  else view = new HomeView(app);
  markPlace(query);
  main.replaceChildren(view.element);
  if (!focus) return;
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

/** In the navigation, for those who look and those who listen. */
function markPlace(query) {
  const renders = query.has("render") || query.has("renders");
  for (const link of document.querySelectorAll(".places a")) {
    if ((link.getAttribute("href") === "?renders") === renders) link.setAttribute("aria-current", query.size && !query.has("renders") ? "true" : "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {string} address such as "?asset=as_1" */
function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  route({ focus: true });
}

/** One file is watched on its own page, several in the list. @param {Iterable<File>} files */
function send(files) {
  const all = [...files];
  if (all.length > 1 && !(view instanceof HomeView)) go("./");
  for (const file of all) {
    sender.start(file, {
      onCreated: (assetId) => all.length === 1 && go(`?asset=${encodeURIComponent(assetId)}`),
      onRefused: (problem) => view.refuse?.(file, problem),
    });
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-route]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
addEventListener("popstate", () => route());
addEventListener("beforeunload", (event) => sender.busy && event.preventDefault());

// dragenter and dragleave also fire for every child, so they are counted.
let depth = 0;
const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
const lift = (by) => {
  depth = by === 0 ? 0 : depth + by;
  veil.hidden = depth === 0;
};
addEventListener("dragenter", (event) => carriesFile(event) && lift(1));
addEventListener("dragleave", (event) => carriesFile(event) && lift(-1));
addEventListener("dragover", (event) => carriesFile(event) && event.preventDefault());
addEventListener("drop", (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  lift(0);
  send(event.dataTransfer.files);
});

document.getElementById("keys").addEventListener("click", showKeys);
showKeysWhenAsked();

const signOut = document.getElementById("sign-out");
signOut.hidden = config.local;
signOut.addEventListener("click", () => {
  forgetKey();
  location.assign("./");
});

if (config.local) {
  const where = document.getElementById("where");
  where.append(h("span", {}, "Local AWS"));
  where.hidden = false;
}
route();
