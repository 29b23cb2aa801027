// What turns a manifest into pictures: the browser itself where it does that well, hls.js elsewhere, dash.js on request.

import { Choices } from "./choices.js";

/**
 * @typedef {object} Engine
 * @property {string} name
 * @property {Choices} qualities
 * @property {Choices} sounds
 * @property {() => void} destroy
 */

/**
 * Attach an engine to a media element.
 *
 * @param {HTMLMediaElement} media
 * @param {{hls?: string, dash?: string, file?: string}} playback
 * @param {{dash?: boolean, onFatal: (detail: string, at: number) => void}} options `at` is where it broke off
 * @returns {Promise<Engine>}
 */
export async function attach(media, playback, { dash, onFatal }) {
  if (playback.file) return { ...attachNative(media, playback.file, onFatal), name: "file" };
  if (dash && playback.dash) return attachDash(media, playback.dash, onFatal);
  if (prefersNative(media)) return attachNative(media, playback.hls, onFatal);
  return attachHls(media, playback.hls, onFatal);
}

// Other browsers say "maybe" too, but only Apple's is the reference player of the format, with AirPlay and low power.
function prefersNative(media) {
  return navigator.vendor.startsWith("Apple") && media.canPlayType("application/vnd.apple.mpegurl") !== "";
}

function attachNative(media, url, onFatal) {
  media.addEventListener("error", () => onFatal(media.error?.message || "the browser cannot play this stream", media.currentTime));
  media.src = url;
  const none = () => new Choices(() => null);
  return {
    name: "native",
    qualities: none(),
    sounds: none(),
    destroy() {
      media.removeAttribute("src");
      media.load();
    },
  };
}

async function attachHls(media, url, onFatal) {
  const { default: Hls } = await import("../vendor/hls.js");
  if (!Hls.isSupported()) return attachNative(media, url, onFatal);
  const hls = new Hls({
    // Subtitles are the page's own tracks.
    renderTextTracksNatively: false,
    // A worker would be made of a string, which the page's policy forbids; CMAF needs no transmuxing that is worth one.
    enableWorker: false,
    capLevelToPlayerSize: true,
    // Until the first segment has been measured: the default of 0.5 Mb/s shows everybody six seconds of the lowest rung.
    abrEwmaDefaultEstimate: 4_000_000,
    backBufferLength: 60,
  });
  // Who picks a quality wants to see it now, not at the next segment; "auto" may wait for one.
  let shown = [];
  const qualities = new Choices((index) => {
    if (index < 0) hls.loadLevel = -1;
    else hls.currentLevel = shown[index];
  });
  const sounds = new Choices((index) => (hls.audioTrack = index));
  let recovered = false;
  const gone = new AbortController();
  hls.on(Hls.Events.MANIFEST_PARSED, (_, { levels }) => {
    // A rendition is listed once for each audio group, stereo and surround; one of each is a choice of quality.
    shown = levels.flatMap((level, index) => (level.height && level.attrs.AUDIO === levels[0].attrs.AUDIO ? [index] : []));
    if (shown.length) qualities.fill(shown.map((index) => levels[index]).map(({ width, height, bitrate }) => ({ width, height, bitrate })), qualities.selected);
  });
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, (_, { audioTracks }) => {
    const playing = Math.max(hls.audioTrack, 0);
    sounds.fill(audioTracks.map(({ name, lang }) => ({ label: name, language: lang })), playing);
  });
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
      recovered = true;
      hls.recoverMediaError();
      return;
    }
    // It ended its tries because the device has no connection: it goes on where it was once there is one.
    if (data.type === Hls.ErrorTypes.NETWORK_ERROR && !navigator.onLine && hls.levels.length) {
      addEventListener("online", () => hls.startLoad(), { once: true, signal: gone.signal });
      return;
    }
    const at = media.currentTime;
    hls.destroy();
    onFatal(data.details, at);
  });
  hls.loadSource(url);
  hls.attachMedia(media);
  return { name: "hls.js", qualities, sounds, destroy: () => (gone.abort(), hls.destroy()) };
}

async function attachDash(media, url, onFatal) {
  const { MediaPlayer } = await import("../vendor/dash.js");
  const player = MediaPlayer().create();
  let ids = [];
  const qualities = new Choices((index) => {
    player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: index < 0 } } } });
    if (index >= 0) player.setRepresentationForTypeById("video", ids[index], true);
  });
  const sounds = new Choices((index) => player.setCurrentTrack(player.getTracksFor("audio")[index]));
  // Subtitles are the page's own tracks: dash.js would name them by number, and load them on its own command only.
  player.registerCustomCapabilitiesFilter((representation) => representation.mimeType !== "text/vtt");
  player.updateSettings({ debug: { logLevel: 0 } });
  player.on(MediaPlayer.events.STREAM_INITIALIZED, () => {
    const video = player.getRepresentationsByType("video");
    ids = video.map((each) => each.id);
    const audio = player.getTracksFor("audio");
    const playing = player.getCurrentTrackFor("audio");
    sounds.fill(audio.map(({ labels, lang }) => ({ label: labels[0]?.text ?? lang, language: lang })), audio.indexOf(playing));
    qualities.fill(video.map(({ width, height, bitrateInKbit }) => ({ width, height, bitrate: bitrateInKbit * 1000 })));
  });
  player.on(MediaPlayer.events.ERROR, ({ error }) => onFatal(error?.message ?? String(error), media.currentTime));
  player.initialize(media, url, false);
  return { name: "dash.js", qualities, sounds, destroy: () => player.destroy() };
}
