// Media elements on virtual time. Chromium never loads them: their facts come from outside (`know`), their pictures are
// fetched one by one, exact to the frame, and painted as the background of the element's own box, so that whatever CSS
// does to a video is done to them. Runs after virtual_time.js, as a function of its configuration:
//   runtime: whether the published runtime places elements that have a data-start, pictures: where pictures are served.
(config) => {
  "use strict";
  if (self.__sluice.media) return;
  const prototype = HTMLMediaElement.prototype;
  const known = new Map();
  const states = new WeakMap();
  const now = () => self.__sluice.now / 1000;

  const urlsOf = (element) => {
    const own = element.getAttribute("src");
    const named = own ? [own] : Array.from(element.querySelectorAll("source[src]"), (source) => source.src);
    return named.map((name) => new URL(name, document.baseURI).href.split("#")[0]);
  };
  // The first that can be read, as a browser takes it.
  const urlOf = (element) => {
    const urls = urlsOf(element);
    return urls.find((url) => known.get(url)) ?? urls[0] ?? "";
  };
  const factsOf = (element) => known.get(urlOf(element));
  const emptyState = () => ({
    ...{ base: 0, since: null, url: "", index: -1, step: 0, image: null, next: null, rate: null },
    ...{ callbacks: new Map(), presented: 0 },
  });
  const stateOf = (element) => {
    if (!states.has(element)) states.set(element, emptyState());
    return states.get(element);
  };
  const number = (text) => (Number.isFinite(Number.parseFloat(text)) ? Number.parseFloat(text) : null);
  const rateOf = (element) => stateOf(element).rate ?? (number(element.dataset.playbackRate) || 1);

  // Where in its file an element stands that the timeline places; null for others.
  const placed = (element) => {
    if (!element.hasAttribute("data-start")) return null;
    const resolve = window.__hfResolveMediaStartSeconds;
    const start = (config.runtime && resolve ? resolve(element) : number(element.dataset.start)) || 0;
    const from = number(element.dataset.mediaStart) || number(element.dataset.playbackStart) || 0;
    return from + Math.max(0, now() - start) * rateOf(element);
  };
  // Where in its file any element stands, in seconds.
  const timeOf = (element) => {
    const facts = factsOf(element);
    const state = stateOf(element);
    let time = state.base + (state.since === null ? 0 : (now() - state.since) * rateOf(element));
    time = placed(element) ?? time;
    if (!facts || !facts.duration) return time;
    return element.loop ? time % facts.duration : Math.min(time, facts.duration);
  };
  const fire = (element, ...names) => {
    for (const name of names) element.dispatchEvent(new Event(name));
  };

  const define = (target, members) => {
    for (const [name, member] of Object.entries(members)) {
      Object.defineProperty(target, name, { configurable: true, enumerable: true, ...member });
    }
  };
  define(prototype, {
    duration: { get() { return factsOf(this)?.duration ?? NaN; } },
    currentTime: {
      get() { return timeOf(this); },
      set(time) {
        const state = stateOf(this);
        state.base = Number(time) || 0;
        if (state.since !== null) state.since = now();
        queueMicrotask(() => fire(this, "seeking", "timeupdate", "seeked"));
      },
    },
    playbackRate: {
      get() { return rateOf(this); },
      set(rate) {
        const state = stateOf(this);
        state.base = timeOf(this);
        if (state.since !== null) state.since = now();
        state.rate = Number(rate) || 1;
      },
    },
    paused: { get() { return stateOf(this).since === null; } },
    ended: { get() { return !this.loop && Boolean(factsOf(this)) && timeOf(this) >= factsOf(this).duration; } },
    seeking: { get() { return false; } },
    readyState: { get() { return factsOf(this) ? 4 : 0; } },
    networkState: { get() { return 1; } },
    error: { get() { return null; } },
    buffered: { get() { return ranges(factsOf(this)?.duration ?? 0); } },
    seekable: { get() { return ranges(factsOf(this)?.duration ?? 0); } },
  });
  const ranges = (end) => ({ length: end ? 1 : 0, start: () => 0, end: () => end });
  define(HTMLVideoElement.prototype, {
    videoWidth: { get() { return factsOf(this)?.width ?? 0; } },
    videoHeight: { get() { return factsOf(this)?.height ?? 0; } },
  });
  // Those that are in no document play too, into a canvas.
  const loose = new Set();
  const elements = (kinds = "audio, video") => {
    const trees = [document, ...self.__sluice.animations.trees()];
    const found = new Set(trees.flatMap((tree) => Array.from(tree.querySelectorAll(kinds))));
    for (const element of loose) if (element.matches(kinds)) found.add(element);
    return [...found];
  };
  const children = () => self.__sluice.children().map((child) => child.media);
  const source = Object.getOwnPropertyDescriptor(prototype, "src");
  define(prototype, {
    src: {
      ...source,
      set(url) {
        loose.add(this);
        source.set.call(this, url);
      },
    },
  });
  prototype.play = function () {
    loose.add(this);
    const state = stateOf(this);
    if (state.since === null) {
      state.since = now();
      fire(this, "play", "playing");
    }
    return Promise.resolve();
  };
  prototype.pause = function () {
    const state = stateOf(this);
    if (state.since === null) return;
    state.base = timeOf(this);
    state.since = null;
    fire(this, "pause");
  };
  prototype.load = function () {
    if (factsOf(this)) announce(this);
  };
  // Their files are refused, which is no failure of theirs.
  addEventListener(
    "error",
    (event) => {
      const target = event.target;
      if (target instanceof HTMLMediaElement || target instanceof HTMLSourceElement) event.stopImmediatePropagation();
    },
    true,
  );
  const announce = (element) => {
    if (element instanceof HTMLVideoElement && factsOf(element).width) {
      const { width, height } = factsOf(element);
      // An empty picture gives the box its natural size.
      const empty = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"/>`;
      element.poster = `data:image/svg+xml,${encodeURIComponent(empty)}`;
    }
    fire(element, "durationchange", "loadedmetadata", "loadeddata", "canplay", "canplaythrough");
  };

  // --- sound of the page's own making: not heard, not mixed, and on virtual time ---
  // The flags keep a context from starting, because one that runs costs a thread and tells the machine's time.
  if (self.AudioContext) {
    const close = AudioContext.prototype.close;
    const closed = new WeakSet();
    define(AudioContext.prototype, {
      currentTime: { get() { return now(); } },
      state: { get() { return closed.has(this) ? "closed" : "running"; } },
      resume: { value: () => Promise.resolve() },
      suspend: { value: () => Promise.resolve() },
      close: {
        value() {
          closed.add(this);
          return close.call(this);
        },
      },
    });
  }

  // --- pictures ---
  const shown = (element) => stateOf(element).image || element;
  for (const kind of [CanvasRenderingContext2D, self.OffscreenCanvasRenderingContext2D]) {
    if (!kind) continue;
    const draw = kind.prototype.drawImage;
    kind.prototype.drawImage = function (source, ...rest) {
      return draw.call(this, source instanceof HTMLVideoElement ? shown(source) : source, ...rest);
    };
  }
  for (const kind of [self.WebGLRenderingContext, self.WebGL2RenderingContext]) {
    if (!kind) continue;
    for (const name of ["texImage2D", "texSubImage2D"]) {
      const native = kind.prototype[name];
      kind.prototype[name] = function (...given) {
        const last = given[given.length - 1];
        if (last instanceof HTMLVideoElement) given[given.length - 1] = shown(last);
        return native.apply(this, given);
      };
    }
  }
  const bitmap = self.createImageBitmap;
  self.createImageBitmap = (source, ...rest) =>
    bitmap.call(self, source instanceof HTMLVideoElement ? shown(source) : source, ...rest);

  // The last picture whose time has come; a little early counts, because times are computed in floats.
  const indexAt = (times, time) => {
    let low = 0;
    let high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time + 1e-4) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const SIZES = { contain: "contain", cover: "cover", fill: "100% 100%", none: "auto", "scale-down": "contain" };
  const addressOf = (index, url) => `${config.pictures}${index}/${url.slice(location.origin.length + 1)}`;
  // A video that goes forward evenly wants the next picture soon: it is fetched and decoded while this frame is drawn.
  const MAX_STEP = 4;
  const fetchNext = (element) => {
    const state = stateOf(element);
    const { url } = state;
    const index = state.index + state.step;
    if (state.next || state.step < 1 || state.step > MAX_STEP || index >= known.get(url).times.length) return;
    const image = new Image();
    // As an attribute: nothing waits for it (requests.js).
    image.setAttribute("src", addressOf(index, url));
    const decoded = image.decode().then(
      () => true,
      () => false,
    );
    state.next = { index, url, image, decoded };
  };
  const paint = async (element) => {
    const facts = factsOf(element);
    const state = stateOf(element);
    if (!facts || !facts.times || !facts.times.length) return;
    const index = indexAt(facts.times, timeOf(element));
    const url = urlOf(element);
    if (state.index === index && state.url === url) return;
    const next = state.next?.index === index && state.next.url === url ? state.next : null;
    const image = next?.image ?? new Image();
    if (!next) image.src = addressOf(index, url);
    // Should it have failed, it says so once more.
    if (!(await next?.decoded)) await image.decode();
    const step = state.url === url && state.index >= 0 ? index - state.index : 0;
    Object.assign(state, { index, url, image, step, next: null });
    const style = getComputedStyle(element);
    const set = (name, value) => element.style.setProperty(name, value, "important");
    set("background-image", `url("${image.src}")`);
    set("background-size", SIZES[style.objectFit] || "contain");
    set("background-position", style.objectPosition);
    set("background-repeat", "no-repeat");
    set("background-origin", "content-box");
    set("background-clip", "content-box");
    const callbacks = [...state.callbacks.values()];
    state.callbacks.clear();
    const picture = { mediaTime: facts.times[index], presentedFrames: ++state.presented };
    const size = { width: facts.width, height: facts.height };
    const when = { presentationTime: self.__sluice.now, expectedDisplayTime: self.__sluice.now };
    for (const callback of callbacks) self.__sluice.guarded(callback, self.__sluice.now, { ...picture, ...size, ...when });
  };
  let callbackId = 0;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (callback) {
    stateOf(this).callbacks.set(++callbackId, callback);
    return callbackId;
  };
  HTMLVideoElement.prototype.cancelVideoFrameCallback = function (id) {
    stateOf(this).callbacks.delete(id);
  };
  // What plays by itself says how far it is, and that it has come to its end.
  const tell = (element) => {
    const state = stateOf(element);
    if (state.since === null || element.hasAttribute("data-start") || !factsOf(element)) return;
    fire(element, "timeupdate");
    if (!element.ended) return;
    element.pause();
    fire(element, "ended");
  };

  self.__sluice.media = {
    // Each with the functions of its own frame.
    all() {
      const own = elements().map((element) => [element, self.__sluice.media]);
      return own.concat(...children().map((child) => child.all()));
    },
    urls() {
      const named = elements().flatMap(urlsOf);
      const unknown = [...new Set(named)].filter((url) => !known.has(url));
      return unknown.concat(...children().map((child) => child.urls()));
    },
    know(url, facts) {
      for (const child of children()) child.know(url, facts);
      known.set(url, facts);
      if (!facts) return;
      for (const element of elements()) {
        if (urlOf(element) !== url) continue;
        if (element.autoplay && !element.hasAttribute("data-start")) stateOf(element).since = now();
        announce(element);
      }
    },
    // What cannot be read counts as sound, so that whoever mixes it says so.
    hasSound: (element) => factsOf(element)?.sound ?? true,
    isReadable: (element) => Boolean(factsOf(element)?.times.length || factsOf(element)?.sound),
    urlOf,
    placed,
    // Resolves when every video shows what belongs to the present time.
    show: () => Promise.all([...elements("video").map(paint), ...children().map((child) => child.show())]),
    fetchNext() {
      elements("video").forEach(fetchNext);
      for (const child of children()) child.fetchNext();
    },
    tell() {
      elements().forEach(tell);
    },
  };
}
