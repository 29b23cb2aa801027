// The player: media-chrome's controls over a media element that an engine feeds.

import { h } from "./dom.js";
import { attach } from "./engines.js";
import { Slats } from "./slats.js";

let controls = null;

/** media-chrome defines its elements once, when the first player is wanted. */
function defineControls() {
  controls ??= new Promise((resolve, reject) => {
    const script = h("script", { src: new URL("../vendor/media-chrome.js", import.meta.url).href });
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error("the player's files are missing; run: make setup")));
    document.head.append(script);
  });
  return controls;
}

/**
 * Build a player for an asset that is ready, or playable before that; what plays before that has pictures.
 *
 * @param {object} asset
 * @param {{dash: boolean, onFatal: (detail: string) => void}} options
 * @returns {Promise<{element: HTMLElement, media: HTMLMediaElement, sound: boolean, begun: () => boolean, destroy: () => void}>}
 *   `begun` says whether somebody is in the middle of it.
 */
export async function createPlayer(asset, options) {
  await defineControls();
  const sound = asset.status === "ready" && asset.renditions?.length === 0;
  const media = sound ? audioElement() : videoElement(asset);
  const engine = await attach(media, asset.playback, options);
  // Apple's player takes them from the manifest.
  if (engine.name !== "native") media.append(...subtitles(asset));
  const element = sound ? audioControls(media) : videoControls(media, asset);
  element.dataset.engine = engine.name;
  const begun = () => !media.ended && (!media.paused || media.played.length > 0 || media.currentTime > 0);
  return { element, media, sound, begun, destroy: engine.destroy };
}

function subtitles(asset) {
  return tracks(asset, "text").map(({ url, name, language }) =>
    h("track", { kind: "subtitles", label: name, srclang: language === "und" ? "" : language, src: url }),
  );
}

function tracks(asset, type) {
  return (asset.tracks ?? []).filter((track) => track.type === type);
}

function audioElement() {
  return h("audio", { slot: "media", crossorigin: "anonymous", preload: "metadata" });
}

function videoElement(asset) {
  const thumbnails = asset.images?.storyboard_vtt;
  return h(
    "video",
    { slot: "media", playsinline: true, crossorigin: "anonymous", preload: "metadata" },
    thumbnails && h("track", { kind: "metadata", label: "thumbnails", src: thumbnails, default: true }),
  );
}

/** The slats stand in for a picture, and fill as it plays. */
function audioControls(media) {
  const slats = new Slats();
  media.addEventListener("timeupdate", () => slats.fill(media.duration ? media.currentTime / media.duration : 0));
  return h(
    "media-controller.player.sound",
    { audio: true },
    media,
    h("div.tone", {}, slats.element),
    h("media-control-bar", {}, ...left(), h("media-time-range"), h("media-playback-rate-button", { rates: "0.75 1 1.25 1.5 2" })),
  );
}

function videoControls(media, asset) {
  const poster = asset.images?.poster;
  const captions = tracks(asset, "text").length > 0;
  const sounds = new Set(tracks(asset, "audio").map((track) => track.name)).size > 1;
  return h(
    "media-controller.player",
    // Arrow keys seek and M, F, K work wherever the focus is inside the player.
    { hotkeys: "", "aria-label": asset.filename || "Video" },
    media,
    poster && h("media-poster-image", { slot: "poster", src: poster }),
    h("media-loading-indicator", { slot: "centered-chrome", noautohide: true }),
    h("media-play-button.start", { slot: "centered-chrome", notooltip: true }),
    h("media-rendition-menu", { hidden: true, anchor: "auto" }),
    h("media-playback-rate-menu", { hidden: true, anchor: "auto", rates: "0.5 0.75 1 1.25 1.5 2" }),
    sounds && h("media-audio-track-menu", { hidden: true, anchor: "auto" }),
    captions && h("media-captions-menu", { hidden: true, anchor: "auto" }),
    h(
      "div.controls",
      {},
      h(
        "media-time-range",
        {},
        h("media-preview-thumbnail", { slot: "preview" }),
        h("media-preview-time-display", { slot: "preview" }),
      ),
      h(
        "media-control-bar",
        {},
        ...left(),
        h("span.gap"),
        captions && h("media-captions-menu-button"),
        sounds && h("media-audio-track-menu-button"),
        h("media-playback-rate-menu-button"),
        h("media-rendition-menu-button"),
        h("media-pip-button"),
        h("media-fullscreen-button"),
      ),
    ),
  );
}

function left() {
  return [h("media-play-button"), h("media-mute-button"), h("media-volume-range"), h("media-time-display", { showduration: true })];
}
