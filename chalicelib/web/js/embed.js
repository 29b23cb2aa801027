// The embeddable player: the asset of the address, and nothing around it.
//
//   /embed/<asset>?token=…&autoplay&muted&loop&start=12.5&poster=none&captions=de&controls=0&format=dash
//
// `poster` may be an address too, on the host of the page or of the media: the policy lets nothing else in.
//
// A page that frames it may say {sluice: "play" | "pause" | "mute" | "unmute"} or {sluice: "seek", to: 12.5} to it, and
// hears {sluice: "ready" | "play" | "pause" | "ended" | "time" | "error", time, duration}.

import { announce, h } from "./dom.js";
import { createPlayer } from "./player.js";
import { showKeysWhenAsked } from "../views/help.js";

const SOON_MS = 2000;
const LATEST_MS = 15_000;

const stage = document.getElementById("stage");
const query = new URLSearchParams(location.search);
const refuses = (name) => ["0", "false"].includes(query.get(name));
const wants = (name) => query.has(name) && !refuses(name);
const bare = refuses("controls");
const address = new URL(`${location.pathname.replace(/\/$/, "")}/playback`, location.href);
if (query.has("token")) address.searchParams.set("token", query.get("token"));

let player = null;
let playing = null;
let broken = null;
let brokeOffAt = 0;
let wait = SOON_MS;

async function look() {
  const found = await fetch(address, { cache: "no-store" }).catch(() => null);
  if (!found) return again("No connection", "It is tried again.");
  const asset = await found.json().catch(() => ({}));
  if (found.status === 403) return say("This video is not open to you", "Its link has ended, or is not whole.", true);
  if (found.status >= 500) return again("No answer", "It is tried again.");
  if (!found.ok) return say("There is no such video", "It may have been deleted.", true);
  if (asset.playable && asset.playback.hls !== broken) await play(asset);
  else if (asset.status === "errored" || asset.status === "cancelled") return say("This video cannot be played", "It was not published.", true);
  else if (!player) say("Not ready yet", "It starts as soon as it can be played.");
  if (asset.status !== "ready") again();
  return undefined;
}

/** Ask later, less and less often, and not while nobody looks. */
function again(title, text) {
  if (title && !player) say(title, text);
  setTimeout(() => {
    if (document.hidden) document.addEventListener("visibilitychange", look, { once: true });
    else look();
  }, wait);
  wait = Math.min(LATEST_MS, wait * 1.5);
}

async function play(asset) {
  const { hls } = asset.playback;
  if (playing === hls || player?.begun()) return;
  const first = !player;
  playing = hls;
  const made = await createPlayer(withPoster(asset), {
    dash: query.get("format") === "dash",
    muted: wants("muted"),
    loop: wants("loop"),
    bare,
    captions: query.get("captions") ?? undefined,
    onFatal: (_, at) => giveUp(asset, at),
  });
  player?.destroy();
  player = made;
  made.element.querySelector(".poster")?.addEventListener("error", ({ target }) => target.remove());
  document.title = asset.title || "Video";
  stage.replaceChildren(h("h1.unseen", {}, asset.title || "Video"), player.element);
  tell(player.media);
  const start = brokeOffAt || Number(query.get("start"));
  if (start > 0) player.media.addEventListener("loadedmetadata", () => (player.media.currentTime = start), { once: true });
  // A browser that forbids sound without a press leaves the button to press.
  if (first && wants("autoplay")) player.media.play().catch(() => null);
}

function withPoster(asset) {
  const asked = query.get("poster");
  if (!asked) return asset;
  return { ...asset, images: { ...asset.images, poster: asked === "none" ? null : asked } };
}

function giveUp(asset, at) {
  brokeOffAt = at;
  player?.destroy();
  player = null;
  playing = null;
  broken = asset.playback.hls;
  post("error");
  if (asset.status === "ready") say("This video does not play", "The connection may be broken.", true, tryAgain);
}

function tryAgain() {
  broken = null;
  look();
}

function say(title, text, final = false, more = null) {
  const button = more && h("button.quiet", { type: "button", on: { click: more } }, "Try again");
  stage.replaceChildren(h("div.said", { role: final ? "alert" : null }, h("h1", {}, title), h("p", {}, text), button));
  if (!final) announce(title);
}

function post(what) {
  // Whoever may frame this page (frame-ancestors) may hear how far it is; nothing else is said.
  if (parent !== window) parent.postMessage({ sluice: what, time: player?.media.currentTime ?? 0, duration: player?.media.duration || null }, "*");
}

function tell(media) {
  for (const [type, what] of Object.entries({ loadedmetadata: "ready", play: "play", pause: "pause", ended: "ended", timeupdate: "time" })) {
    media.addEventListener(type, () => post(what));
  }
}

addEventListener("message", ({ source, data }) => {
  if (source !== parent || parent === window || !player) return;
  const { media } = player;
  if (data?.sluice === "play") media.play().catch(() => null);
  else if (data?.sluice === "pause") media.pause();
  else if (data?.sluice === "mute" || data?.sluice === "unmute") media.muted = data.sluice === "mute";
  else if (data?.sluice === "seek" && Number.isFinite(data.to)) media.currentTime = data.to;
});

if (!bare) showKeysWhenAsked();
look();
