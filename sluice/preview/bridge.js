// What answers to the player, inside the page that is previewed: says when it is ready, shows the times it is told to,
// and passes on what goes wrong. `real` are the browser's own clocks, `read` is what state.js reads.
(settings, real, read) => {
  "use strict";
  // Frames of the page's own follow it; they have nothing to say.
  if (window.parent !== window.top || window === window.top) return;
  // The published runtime talks to its parent too, about other things: ours are told by their name.
  const say = (message) => window.parent.postMessage(message, settings.player);
  const READY_MS = 30000;
  const PATIENT_MS = 5000;

  addEventListener("error", (event) => event.message && say({ sluice: "said", text: event.message }));
  addEventListener("unhandledrejection", (event) => say({ sluice: "said", text: String(event.reason) }));
  addEventListener("securitypolicyviolation", (event) => say({ sluice: "refused", url: event.blockedURI }));

  const pause = (ms) => new Promise((resolve) => real.later(resolve, ms));
  const isReady = (state) =>
    state.loaded &&
    !state.unknown.length &&
    (settings.runtime !== "hyperframes" || (state.runtime && state.duration > 0));
  const becomeReady = async () => {
    for (let waited = 0; waited < READY_MS; waited += 10) {
      const state = read();
      if (isReady(state)) {
        if (settings.runtime === "hyperframes") await __sluice.endLoading();
        await __sluice.settled();
        for (const { kind, url, readable } of state.media) {
          if (kind === "video" && !readable) say({ sluice: "said", text: `${url} is not there, or cannot be decoded` });
        }
        say({ sluice: "ready", width: state.width, height: state.height, duration: state.duration });
        return;
      }
      for (const url of state.unknown) await learn(url);
      // What waits for a frame before it goes on building the page gets one, at time 0.
      if (state.loaded && settings.runtime === "hyperframes") await __sluice.flush(Math.max(0, waited - PATIENT_MS));
      await pause(10);
    }
    say({ sluice: "failed", text: "the page did not become ready in its time" });
  };

  // The same facts of a media file that a render has; its pictures come from the same decoder.
  const learn = async (url) => {
    const { origin, pathname } = new URL(url, document.baseURI);
    const known = origin === location.origin ? await real.fetch(`/__sluice/facts${pathname}`) : null;
    __sluice.media.know(url, known?.ok ? await known.json() : null);
  };

  const show = async (milliseconds) => {
    await __sluice.seek(milliseconds);
    await __sluice.settled();
  };

  addEventListener("message", async (event) => {
    if (event.source !== window.parent || event.origin !== settings.player || event.data?.sluice !== "show") return;
    try {
      await show(event.data.milliseconds);
    } catch (error) {
      say({ sluice: "said", text: String(error) });
    }
    say({ sluice: "shown", number: event.data.number });
  });
  becomeReady().catch((error) => say({ sluice: "failed", text: String(error) }));
}
