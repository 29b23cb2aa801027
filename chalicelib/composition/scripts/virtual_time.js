// Virtual time: the page's clocks stand still until `__sluice.seek(ms)` moves them, so that a frame depends on its time
// alone. Runs in every frame of the page and in every worker before any script of it, as a function of its
// configuration:
//   timers: whether setTimeout and setInterval follow virtual time (false under the published runtime, which waits with
//           them while it loads), epochMs: what Date says at the start, seed: of the random numbers,
//   start: the time at which a worker was made.
(config) => {
  "use strict";
  if (self.__sluice) return;
  const page = self;
  const native = {
    frame: page.requestAnimationFrame?.bind(page),
    setTimeout: page.setTimeout.bind(page),
    clearTimeout: page.clearTimeout.bind(page),
  };
  // A frame that comes late begins at the time of the page around it.
  const timeAround = () => {
    try {
      return self === self.top ? 0 : self.parent.__sluice.now;
    } catch {
      return 0; // of another origin
    }
  };
  let now = config.start ?? timeAround();
  let started = false;
  let nextId = 1 << 20;
  // The published runtime is in the top frame alone.
  const ownTimers = config.timers || self !== self.top;

  // --- clocks ---
  const RealDate = page.Date;
  function VirtualDate(...parts) {
    if (!new.target) return new RealDate(config.epochMs + now).toString();
    const given = parts.length ? parts : [config.epochMs + now];
    return Reflect.construct(RealDate, given, new.target === VirtualDate ? RealDate : new.target);
  }
  VirtualDate.prototype = RealDate.prototype;
  Object.setPrototypeOf(VirtualDate, RealDate);
  VirtualDate.now = () => config.epochMs + now;
  RealDate.prototype.constructor = VirtualDate;
  page.Date = VirtualDate;
  Object.defineProperty(performance, "now", { configurable: true, value: () => now });
  Object.defineProperty(performance, "timeOrigin", { configurable: true, get: () => config.epochMs });
  if (self.document) Object.defineProperty(document.timeline, "currentTime", { configurable: true, get: () => now });

  // What one callback throws must not keep the others from running; the console hears of it all the same.
  const guarded = (callback, ...given) => {
    try {
      callback(...given);
    } catch (error) {
      reportError(error);
    }
  };

  // --- frames and timers ---
  let callbacks = new Map();
  // How many frames of the loading page led to what is asked for now.
  let led = 0;
  page.requestAnimationFrame = (callback) => {
    callbacks.set(++nextId, { callback, led });
    return nextId;
  };
  page.cancelAnimationFrame = (id) => void callbacks.delete(id);
  const runCallbacks = () => {
    const batch = callbacks;
    callbacks = new Map();
    // A callback may cancel one that comes after it.
    page.cancelAnimationFrame = (id) => void (batch.delete(id) || callbacks.delete(id));
    for (const { callback } of batch.values()) guarded(callback, now);
  };
  // Promises run in the order in which they come to an end: after so many turns those of a callback have.
  const PROMISES = 50;
  // What lays itself out anew waits for two: for the next frame, and for the one after it was painted.
  const LOADING_FRAMES = 2;
  const runLoading = async (more = 0) => {
    const due = [...callbacks].filter(([, asked]) => asked.led < LOADING_FRAMES + more);
    for (const [id, asked] of due) {
      if (!callbacks.delete(id)) continue;
      led = asked.led + 1;
      guarded(asked.callback, now);
      for (let turns = 0; turns < PROMISES; turns++) await null;
      led = 0;
    }
  };

  const timers = new Map();
  const addTimer = (repeats) => (handler, delay, ...given) => {
    const wait = Math.max(Number(delay) || 0, repeats ? 1 : 0);
    const callback = typeof handler === "function" ? handler : () => (0, eval)(String(handler));
    timers.set(++nextId, { callback, given, due: now + wait, wait: repeats ? wait : null });
    return nextId;
  };
  if (ownTimers) {
    page.setTimeout = addTimer(false);
    page.setInterval = addTimer(true);
    page.clearTimeout = page.clearInterval = (id) => void timers.delete(id);
  }
  if (ownTimers && page.scheduler) {
    const post = page.scheduler.postTask;
    page.scheduler.postTask = async (callback, { delay = 0, ...options } = {}) => {
      if (delay > 0) await new Promise((resolve) => page.setTimeout(resolve, delay));
      return post.call(page.scheduler, callback, options);
    };
  }
  page.requestIdleCallback = (callback) =>
    page.setTimeout(() => callback({ didTimeout: false, timeRemaining: () => 10 }), 1);
  page.cancelIdleCallback = (id) => page.clearTimeout(id);
  const TIMER_LIMIT = 100000;
  const runTimers = (until) => {
    for (let count = 0; count < TIMER_LIMIT; count++) {
      let first = null;
      // The map keeps the order of insertion, which decides between two that are due at once.
      for (const [id, timer] of timers) if (timer.due <= until && (!first || timer.due < first[1].due)) first = [id, timer];
      if (!first) return;
      const [id, timer] = first;
      now = Math.max(now, timer.due);
      timers.delete(id);
      if (timer.wait !== null) timers.set(id, { ...timer, due: timer.due + timer.wait });
      guarded(timer.callback, ...timer.given);
    }
  };

  // --- random numbers: seeded anew at each frame, so that they do not depend on how many were drawn before ---
  let state = config.seed >>> 0;
  const reseed = () => {
    state = (Math.imul(Math.round(now * 1000) | 0, -1640531527) + 0x9e3779b9 + config.seed) >>> 0;
  };
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  Math.random = random;
  const fill = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; at++) bytes[at] = random() * 256;
    return array;
  };
  if (self.crypto) {
    Object.defineProperty(crypto, "getRandomValues", { configurable: true, value: fill });
    Object.defineProperty(crypto, "randomUUID", {
      configurable: true,
      value: () => {
        const bytes = fill(new Uint8Array(16));
        bytes[6] = (bytes[6] & 15) | 64;
        bytes[8] = (bytes[8] & 63) | 128;
        const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
        return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
      },
    });
  }

  // --- one frame ---
  const children = () => {
    const found = [];
    if (!page.frames) return found;
    for (let at = 0; at < page.frames.length; at++) {
      try {
        if (page.frames[at].__sluice) found.push(page.frames[at].__sluice);
      } catch {
        continue; // another origin: it has no time of ours
      }
    }
    return found;
  };
  const tick = (time) => {
    started = true;
    if (ownTimers) runTimers(time);
    now = time;
    reseed();
    self.__sluice.scrolling?.place();
    runCallbacks();
    self.__sluice.media?.tell();
    for (const child of children()) child.tick(time);
    self.__sluice.animations?.place();
    self.__sluice.widgets?.place();
  };
  // Frameworks defer their work by messages to themselves; two rounds let those be served before the frame is made.
  const channel = new MessageChannel();
  const waiting = [];
  channel.port1.onmessage = () => waiting.shift()();
  const turn = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(0);
    });

  const followTimelines = (seconds) => {
    if (page.gsap && !self.__sluice.smooth) {
      self.__sluice.smooth = true;
      guarded(() => page.gsap.ticker.lagSmoothing(0));
    }
    for (const timeline of Object.values(page.__timelines || {})) {
      guarded(() => (timeline.totalTime ? timeline.totalTime(seconds, false) : timeline.seek(seconds)));
    }
  };

  // What the page shows otherwise than it should, because nothing reaches it: in words, each once.
  const warnings = new Set();
  self.__sluice = {
    tick,
    warn: (text) => void warnings.add(text),
    get warnings() {
      return [...new Set([...warnings, ...children().flatMap((child) => child.warnings)])];
    },
    turn,
    get now() {
      return now;
    },
    children,
    guarded,
    native,
    get started() {
      return started;
    },
    // Whether anything began after the start: a frame then depends on those before it.
    get beganLate() {
      const parts = [self.__sluice.animations, self.__sluice.moving, self.__sluice.scrolling];
      return parts.some((part) => part.beganLate) || children().some((child) => child.beganLate);
    },
    // Under the published runtime: what waits for a frame while the page loads gets one, at time 0, but no more than
    // LOADING_FRAMES (and `more`) in a row: a page that counts its frames would count how long it took to load.
    flush: runLoading,
    // Whatever waits for frames has had the same number of them, however early the page was ready.
    async endLoading() {
      for (let frames = 0; frames <= LOADING_FRAMES; frames++) await runLoading();
      return true;
    },
    // Shows time `milliseconds`. The first call starts at 0, where every page begins: one frame of the page for each of
    // the video, also for a page that counts them.
    async seek(milliseconds) {
      const media = self.__sluice.media;
      // Scripts that draw a video into a canvas want its picture of this frame.
      const before = now;
      now = milliseconds;
      await media.show();
      now = before;
      await self.__sluice.workers.tick(milliseconds);
      if (config.timers) {
        if (!started && milliseconds > 0) followTimelines(0), tick(0);
        followTimelines(milliseconds / 1000);
      } else {
        page.__player.renderSeek(milliseconds / 1000);
      }
      tick(milliseconds);
      await turn();
      await self.__sluice.workers.served();
      if (page.__hfWaitForSeekCompletion) await page.__hfWaitForSeekCompletion();
      await turn();
      await self.__sluice.requests.answered();
      self.__sluice.animations.place();
      self.__sluice.widgets.place();
      await Promise.all([media.show(), self.__sluice.moving.show()]);
      media.fetchNext();
      return true;
    },
    // Resolves when fonts and pictures of the page can be painted.
    async settled() {
      self.__sluice.animations.find();
      await self.__sluice.requests.answered();
      await self.__sluice.workers.served();
      const pending = Array.from(document.images).filter((image) => image.loading !== "lazy" || image.complete);
      await Promise.all(pending.map((image) => image.decode().catch(() => false)));
      await self.__sluice.moving.find();
      return true;
    },
  };
}
