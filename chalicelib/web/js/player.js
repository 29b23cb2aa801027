// The player: a media element that an engine feeds, and our controls over it. The page and /embed share it.

import { Controls } from "./controls.js";
import { h } from "./dom.js";
import { attach } from "./engines.js";
import { listen } from "./hotkeys.js";
import { preferred } from "./preferences.js";
import { Slats } from "./slats.js";
import { loadStoryboard } from "./storyboard.js";

/**
 * Build a player for an asset that is ready, or playable before that; what plays before that has pictures.
 *
 * @param {object} asset what plays is `playback.hls` and `.dash`, or one `playback.file`
 * @param {object} options
 * @param {(detail: string, at: number) => void} options.onFatal told why, and at which second
 * @param {boolean} [options.dash] whether it is asked for
 * @param {boolean} [options.muted]
 * @param {boolean} [options.loop]
 * @param {boolean} [options.bare] without controls: a press on the picture plays and pauses it
 * @param {string} [options.captions] a language, in place of the viewer's last choice
 * @returns {Promise<{element: HTMLElement, media: HTMLMediaElement, sound: boolean, begun: () => boolean, destroy: () => void}>}
 *   `begun` says whether somebody is in the middle of it.
 */
export async function createPlayer(asset, { muted = false, loop = false, bare = false, captions, ...options }) {
  const sound = asset.status === "ready" && asset.renditions?.length === 0;
  const before = preferred();
  const shared = { crossorigin: asset.playback.file ? null : "anonymous", preload: "metadata", muted, loop };
  const media = sound ? h("audio", shared) : h("video", { ...shared, playsinline: true });
  media.muted = muted || Boolean(before.muted);
  media.volume = before.volume ?? 1;
  const engine = await attach(media, asset.playback, options);
  // Apple's player takes them from the manifest.
  if (engine.name !== "native") media.append(...subtitles(asset));
  const name = asset.title || asset.filename || (sound ? "Sound" : "Video");
  const element = h(`div.player${sound ? ".sound" : ""}`, { role: "region", "aria-label": `Player: ${name}`, tabindex: -1, "data-engine": engine.name }, media);
  const controls = new Controls(element, media, engine, { sound });
  if (sound) element.append(h("div.tone", {}, slatsOf(media)));
  else if (asset.images?.poster) element.append(h("img.poster", { src: asset.images.poster, alt: "" }));
  if (!bare) element.append(...controls.parts);
  // A browser turns those off that it did not choose itself, when the media comes.
  media.addEventListener("loadedmetadata", () => controls.showCaptions(captions ?? before.captions), { once: true });
  if (asset.images?.storyboard_vtt) loadStoryboard(asset.images.storyboard_vtt).then((tiles) => (controls.seekBar.tiles = tiles));
  const deaf = bare ? () => null : listen(element, media, controls);
  return {
    element,
    media,
    sound,
    begun: () => !media.ended && (!media.paused || media.played.length > 0 || media.currentTime > 0),
    destroy() {
      deaf();
      controls.destroy();
      engine.destroy();
    },
  };
}

function subtitles(asset) {
  return (asset.tracks ?? [])
    .filter((track) => track.type === "text" && track.url)
    .map(({ url, name, language }) => h("track", { kind: "subtitles", label: name, srclang: language === "und" ? "" : language, src: url }));
}

/** The slats stand in for a picture, and fill as it plays. */
function slatsOf(media) {
  const slats = new Slats();
  media.addEventListener("timeupdate", () => slats.fill(media.duration ? media.currentTime / media.duration : 0));
  return slats.element;
}
