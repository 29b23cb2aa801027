// One face for three players: play(engine, url) puts the stream on the page's <video>, with no adaptation of its own,
// and gives `choose(height, codec, channels)`, which asks for that quality from now on, in a codec and with a sound if
// they are given. Errors of a player are console errors.

const video = document.querySelector("video");

const engines = {
  async hls(url) {
    const { default: Hls } = await import("/web/vendor/hls.js");
    const player = new Hls();
    player.on(Hls.Events.ERROR, (_, { details, error }) => {
      // A change of quality ends what it was loading, and says so.
      if (details !== Hls.ErrorDetails.INTERNAL_ABORTED) console.error(`hls.js: ${details} ${error?.message ?? ""}`);
    });
    player.loadSource(url);
    player.attachMedia(video);
    await new Promise((resolve) => player.once(Hls.Events.MANIFEST_PARSED, resolve));
    return (height, codec, channels) => {
      const group = channels > 2 ? "surround" : "audio";
      player.currentLevel = player.levels.findIndex(
        (level) =>
          level.height === height && (!codec || level.videoCodec.startsWith(codec)) && (!channels || level.attrs.AUDIO === group),
      );
    };
  },

  async dash(url) {
    const { MediaPlayer } = await import("/web/vendor/dash.js");
    const player = MediaPlayer().create();
    player.updateSettings({
      debug: { logLevel: 0 },
      // A short film is all there before another codec is asked for: what is there gives way to it.
      streaming: { abr: { autoSwitchBitrate: { video: false } }, trackSwitchMode: { video: "alwaysReplace" } },
    });
    player.on(MediaPlayer.events.ERROR, ({ error }) => console.error(`dash.js: ${error?.message ?? error}`));
    const begun = new Promise((resolve) => player.on(MediaPlayer.events.STREAM_INITIALIZED, resolve));
    player.initialize(video, url, false);
    await begun;
    return (height, codec, channels) => {
      const switchTo = (type, wanted) => player.setCurrentTrack(player.getTracksFor(type).find(wanted));
      const heard = (track) => Number(track.audioChannelConfiguration[0].value);
      if (channels) switchTo("audio", (track) => heard(track) === channels);
      if (codec) return switchTo("video", (track) => track.codec.includes(codec));
      const found = player.getRepresentationsByType("video").find((one) => one.height === height);
      player.setRepresentationForTypeById("video", found.id, true);
    };
  },

  async shaka(url) {
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: "/shaka-player.js", onload: resolve, onerror: reject });
      document.head.append(script);
    });
    const player = new window.shaka.Player();
    await player.attach(video);
    player.configure({ abr: { enabled: false } });
    player.addEventListener("error", ({ detail }) => console.error(`shaka: ${detail.code} ${detail.data}`));
    await player.load(url);
    return (height) => {
      player.selectVariantTrack(player.getVariantTracks().find((track) => track.height === height), true, 0);
    };
  },
};

let choose;

export async function play(engine, url) {
  choose = await engines[engine](url);
  video.muted = true;
  await video.play();
}

// Ask for a quality, and wait until its pictures are on the screen.
export async function show(height) {
  choose(height);
  while (video.videoHeight !== height && !video.ended) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { height: video.videoHeight, at: video.currentTime };
}

export function ask(height, codec, channels) {
  choose(height, codec, channels);
}

export function decodes(mimeType, codec) {
  return MediaSource.isTypeSupported(`${mimeType}; codecs="${codec}"`);
}

export async function toTheEnd(rate) {
  video.playbackRate = rate;
  if (!video.ended) {
    await new Promise((resolve) => video.addEventListener("ended", resolve, { once: true }));
  }
  const each = (times) => Array.from({ length: times.length }, (_, index) => [times.start(index), times.end(index)]);
  const { totalVideoFrames, corruptedVideoFrames } = video.getVideoPlaybackQuality();
  return {
    duration: video.duration,
    played: each(video.played),
    frames: totalVideoFrames,
    corrupted: corruptedVideoFrames,
    error: video.error?.message ?? null,
  };
}

// The media time of the picture that is shown after a seek.
export async function pictureAt(time) {
  video.pause();
  const shown = new Promise((resolve) => video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime)));
  video.currentTime = time;
  return await shown;
}
