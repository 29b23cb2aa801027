// What answers to the player, inside the page that is previewed: says when it is ready, shows the times it is told to,
// and passes on what goes wrong. `real` are the browser's own clocks, `read` is what state.js reads.
(settings, real, read) => {
  "use strict";
  // Frames of the page's own follow it; they have nothing to say.
  if (window.parent !== window.top || window === window.top) return;
  const say = (message) => window.parent.postMessage(message, settings.player);
  const READY_MS = 30000;
  const VIDEO_MS = 1000;

  addEventListener("error", (event) => event.message && say({ type: "said", text: event.message }));
  addEventListener("unhandledrejection", (event) => say({ type: "said", text: String(event.reason) }));
  addEventListener("securitypolicyviolation", (event) => say({ type: "refused", url: event.blockedURI }));

  const pause = (ms) => new Promise((resolve) => real.later(resolve, ms));
  const isReady = (state) =>
    state.loaded && (settings.runtime !== "hyperframes" || (state.runtime && state.duration > 0));
  const becomeReady = async () => {
    for (let waited = 0; waited < READY_MS; waited += 10) {
      const state = read();
      if (isReady(state)) {
        await __sluice.settled();
        say({ type: "ready", width: state.width, height: state.height, duration: state.duration });
        return;
      }
      // What waits for a frame before it goes on building the page gets one, at time 0.
      if (state.loaded && settings.runtime === "hyperframes") __sluice.flush();
      await pause(10);
    }
    say({ type: "failed", text: "the page did not become ready in its time" });
  };

  const number = (text, otherwise) => (Number.isFinite(Number.parseFloat(text)) ? Number.parseFloat(text) : otherwise);
  const placeVideo = (video, seconds) => {
    const { start, mediaStart, playbackStart, playbackRate } = video.dataset;
    const within = (seconds - number(start, 0)) * number(playbackRate, video.defaultPlaybackRate);
    const time = Math.max(0, within) + number(mediaStart ?? playbackStart, 0);
    video.pause();
    if (Math.abs(video.currentTime - time) < 0.001 || video.readyState === 0) return null;
    const placed = new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    video.currentTime = time;
    return Promise.race([placed, pause(VIDEO_MS)]);
  };
  const show = async (milliseconds) => {
    await __sluice.seek(milliseconds);
    await Promise.all(Array.from(document.querySelectorAll("video"), (video) => placeVideo(video, milliseconds / 1000)));
    await __sluice.settled();
  };

  addEventListener("message", async (event) => {
    if (event.source !== window.parent || event.origin !== settings.player || event.data?.type !== "show") return;
    try {
      await show(event.data.milliseconds);
    } catch (error) {
      say({ type: "said", text: String(error) });
    }
    say({ type: "shown", number: event.data.number });
  });
  becomeReady().catch((error) => say({ type: "failed", text: String(error) }));
}
