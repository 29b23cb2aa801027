// Animations are held still, and put where they belong at each frame. Runs after virtual_time.js, as a function of its
// configuration:
//   all: whether every animation is ours; else transitions, those of views too, and what is in shadow trees, because the
//        published runtime seeks the rest itself, but looks into no shadow tree.
(config) => {
  "use strict";
  if (self.__sluice.animations) return;
  const now = () => self.__sluice.now;
  // The published runtime is in the top frame alone.
  const all = config.all || self !== self.top;
  const prototype = Animation.prototype;
  const property = (name) => Object.getOwnPropertyDescriptor(prototype, name);
  const native = { time: property("currentTime"), rate: property("playbackRate"), state: property("playState") };
  native.start = property("startTime");
  for (const name of ["play", "pause", "reverse", "finish", "cancel", "updatePlaybackRate"]) native[name] = prototype[name];
  const timeOf = (animation) => Number(native.time.get.call(animation)) || 0;
  const stateOf = (animation) => native.state.get.call(animation);

  // The virtual time at which a held animation stood at 0; NaN while it is paused.
  const births = new WeakMap();
  // Where the page has put an animation that is not held yet. Chromium's own clock has moved it since; that counts not.
  const given = new WeakMap();
  // Those that a script has paused or played: their style does not any more.
  const ruled = new WeakSet();
  // Those that wait for the published runtime to seek them.
  const frozen = new WeakSet();
  const bear = (animation, time) => births.set(animation, now() - time / (animation.playbackRate || 1));
  const hold = (animation, time) => {
    native.pause.call(animation);
    native.time.set.call(animation, time);
    bear(animation, time);
  };
  const isHeld = (animation) => births.has(animation);
  const runs = (animation) => !Number.isNaN(births.get(animation));

  const endOf = (animation) => (animation.effect ? animation.effect.getComputedTiming().endTime : 0);
  // A timer runs at its own time, which may be long after the last frame.
  const bring = (animation) => {
    if (!isHeld(animation) || !runs(animation) || stateOf(animation) === "finished") return;
    const time = (now() - births.get(animation)) * animation.playbackRate;
    native.time.set.call(animation, Math.min(Math.max(time, 0), endOf(animation)));
  };

  // --- what a page does with an animation ---
  prototype.play = function () {
    ruled.add(this);
    bring(this);
    native.play.call(this);
    if (isHeld(this)) hold(this, timeOf(this));
  };
  prototype.pause = function () {
    ruled.add(this);
    frozen.delete(this);
    bring(this);
    native.pause.call(this);
    if (isHeld(this)) births.set(this, NaN);
  };
  prototype.reverse = function () {
    ruled.add(this);
    bring(this);
    native.reverse.call(this);
    // Applies the turned rate at once, where Chromium would wait for its next frame.
    if (isHeld(this)) hold(this, timeOf(this));
    else given.set(this, timeOf(this));
  };
  prototype.finish = function () {
    native.finish.call(this);
    if (isHeld(this)) bear(this, timeOf(this));
    else given.set(this, timeOf(this));
  };
  prototype.cancel = function () {
    native.cancel.call(this);
    births.delete(this);
    given.delete(this);
  };
  prototype.updatePlaybackRate = function (rate) {
    if (isHeld(this)) this.playbackRate = rate;
    else native.updatePlaybackRate.call(this, rate);
  };
  Object.defineProperty(prototype, "playbackRate", {
    ...native.rate,
    set(rate) {
      bring(this);
      const time = timeOf(this);
      native.rate.set.call(this, rate);
      if (isHeld(this) && runs(this)) bear(this, time);
    },
  });
  Object.defineProperty(prototype, "currentTime", {
    ...native.time,
    // The published runtime counts from where it finds an animation.
    get() {
      bring(this);
      const time = native.time.get.call(this);
      return isHeld(this) || stateOf(this) !== "running" || time === null ? time : (given.get(this) ?? 0);
    },
    set(time) {
      native.time.set.call(this, time);
      given.set(this, Number(time) || 0);
      if (isHeld(this) && runs(this)) bear(this, given.get(this));
    },
  });
  Object.defineProperty(prototype, "startTime", {
    ...native.start,
    get() {
      if (this.timeline !== document.timeline) return native.start.get.call(this);
      if (isHeld(this)) return runs(this) ? births.get(this) : null;
      if (native.start.get.call(this) === null) return null;
      return now() - (given.get(this) ?? 0) / (this.playbackRate || 1);
    },
    set(start) {
      if (this.timeline !== document.timeline || start === null) {
        native.start.set.call(this, start);
        if (isHeld(this)) births.set(this, NaN);
        return;
      }
      const time = (now() - start) * this.playbackRate;
      native.play.call(this);
      native.time.set.call(this, time);
      given.set(this, time);
      if (isHeld(this)) hold(this, time);
    },
  });
  Object.defineProperty(prototype, "playState", {
    ...native.state,
    get() {
      const state = stateOf(this);
      return state === "paused" && (isHeld(this) ? runs(this) : frozen.has(this)) ? "running" : state;
    },
  });

  // --- shadow trees: their animations are not among the document's ---
  const roots = new Set();
  const trees = () => {
    const found = [];
    for (const reference of roots) {
      const root = reference.deref();
      if (!root) roots.delete(reference);
      else if (root.isConnected) found.push(root);
    }
    return found;
  };
  const known = new WeakSet();
  const keep = (root) => {
    if (known.has(root)) return;
    known.add(root);
    roots.add(new WeakRef(root));
  };
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    keep(root);
    return root;
  };
  // Those that the markup itself declares, which come open.
  const find = (tree) => {
    const walker = document.createTreeWalker(tree, NodeFilter.SHOW_ELEMENT);
    while (walker.nextNode()) {
      const root = walker.currentNode.shadowRoot;
      if (!root) continue;
      keep(root);
      find(root);
    }
  };

  // --- each frame ---
  let beganLate = false;
  // Whether the style of a CSS animation lets it run; held ones do not follow it by themselves.
  const follow = (animation) => {
    if (!(animation instanceof CSSAnimation) || ruled.has(animation) || !animation.effect) return;
    const style = getComputedStyle(animation.effect.target, animation.effect.pseudoElement);
    const states = style.animationPlayState.split(", ");
    const at = style.animationName.split(", ").lastIndexOf(animation.animationName);
    const paused = at >= 0 && states[at % states.length] === "paused";
    if (paused && runs(animation)) births.set(animation, NaN);
    else if (!paused && !runs(animation)) bear(animation, timeOf(animation));
  };
  const placeOne = (animation) => {
    if (animation.timeline !== document.timeline) return;
    if (!isHeld(animation)) {
      beganLate ||= now() > 0;
      if (stateOf(animation) === "paused") return;
      hold(animation, given.get(animation) ?? (animation.playbackRate < 0 ? timeOf(animation) : 0));
    }
    follow(animation);
    if (!runs(animation)) return;
    const time = (now() - births.get(animation)) * animation.playbackRate;
    if ((animation.playbackRate > 0 && time >= endOf(animation)) || (animation.playbackRate < 0 && time <= 0)) {
      if (stateOf(animation) !== "finished") native.finish.call(animation);
    } else {
      native.time.set.call(animation, time);
    }
  };
  // SVG has a clock of its own in each outermost element.
  const drawings = new WeakMap();
  const SMIL = "animate, animateTransform, animateMotion, set";
  const placeDrawings = (tree) => {
    for (const element of tree.querySelectorAll(SMIL)) {
      let drawing = element.ownerSVGElement;
      while (drawing && drawing.ownerSVGElement) drawing = drawing.ownerSVGElement;
      if (!drawing) continue;
      if (!drawings.has(drawing)) {
        beganLate ||= now() > 0;
        drawings.set(drawing, { birth: now(), at: -1 });
        drawing.pauseAnimations();
      }
      const state = drawings.get(drawing);
      if (state.at !== now()) drawing.setCurrentTime((now() - state.birth) / 1000);
      state.at = now();
    }
  };
  const isOurs = (animation) =>
    all || animation instanceof CSSTransition || animation.effect?.pseudoElement?.startsWith("::view-transition");
  // While the page loads, however long that takes, nothing moves on, ends or begins anew. What was made since the last
  // frame of Chromium has not begun at the next.
  const freeze = () => {
    for (const animation of document.getAnimations()) {
      if (animation.timeline !== document.timeline || isHeld(animation) || stateOf(animation) !== "running") continue;
      if (isOurs(animation)) continue;
      native.pause.call(animation);
      native.time.set.call(animation, given.get(animation) ?? (animation.playbackRate < 0 ? timeOf(animation) : 0));
      frozen.add(animation);
    }
  };
  const load = () => {
    if (self.__sluice.started) return;
    self.__sluice.animations.place();
    if (!all) freeze();
    self.__sluice.native.frame(load);
  };
  self.__sluice.native.frame(load);
  self.__sluice.animations = {
    // Looks for the shadow trees that the markup has declared.
    find() {
      find(document);
      for (const child of self.__sluice.children()) child.animations.find();
    },
    trees,
    get beganLate() {
      return beganLate;
    },
    place() {
      for (const animation of document.getAnimations()) {
        if (isOurs(animation)) placeOne(animation);
      }
      placeDrawings(document);
      for (const root of trees()) {
        root.getAnimations().forEach(placeOne);
        placeDrawings(root);
      }
    },
  };
}
