// Smooth scrolling on virtual time. Chromium's own begins when it comes to it, and by its own clock; so each scroll is
// made at once, and what has moved smoothly is put back and glides there. Runs after virtual_time.js.
() => {
  "use strict";
  if (self.__sluice.scrolling || !self.document) return;
  const now = () => self.__sluice.now;
  const prototype = Element.prototype;
  const native = { scrollTo: prototype.scrollTo, scrollIntoView: prototype.scrollIntoView };
  const sides = ["scrollLeft", "scrollTop"].map((name) => [name, Object.getOwnPropertyDescriptor(prototype, name)]);
  const positionOf = (element) => sides.map(([, side]) => side.get.call(element));
  const put = (element, [left, top]) => native.scrollTo.call(element, { left, top, behavior: "instant" });
  const gliding = new Map();
  let beganLate = false;

  // Chromium's: the longer the way, the longer it takes, but no longer than that.
  const LONGEST_MS = 720;
  const durationOf = (from, to) => {
    const way = Math.max(...from.map((start, side) => Math.abs(to[side] - start)));
    return Math.min((Math.sqrt(way) * 1000) / 60, LONGEST_MS);
  };
  // The curve (0.42, 0) (0.58, 1), solved by halving.
  const bezier = (one, two, at) => 3 * one * at * (1 - at) ** 2 + 3 * two * at ** 2 * (1 - at) + at ** 3;
  const ease = (progress) => {
    let [low, high] = [0, 1];
    for (let step = 0; step < 30; step++) {
      const middle = (low + high) / 2;
      if (bezier(0.42, 0.58, middle) < progress) low = middle;
      else high = middle;
    }
    return bezier(0, 1, low);
  };
  const isSmooth = (element, behavior) =>
    behavior === "smooth" || (behavior !== "instant" && getComputedStyle(element).scrollBehavior === "smooth");

  // Lets `scroll` move those elements at once; those that are to do so smoothly begin to.
  const glide = (elements, behavior, scroll) => {
    const before = elements.map(positionOf);
    scroll();
    elements.forEach((element, index) => {
      const [from, to] = [before[index], positionOf(element)];
      if (from.every((start, side) => start === to[side])) return;
      gliding.delete(element);
      if (!isSmooth(element, behavior)) return;
      put(element, from);
      gliding.set(element, { from, to, birth: now(), duration: durationOf(from, to) });
      beganLate ||= now() > 0;
    });
  };
  const asked = (given) => {
    if (given.length !== 1) return { left: given[0], top: given[1] };
    return typeof given[0] === "object" && given[0] !== null ? given[0] : {};
  };
  const wrap = (target, name, elementOf) => {
    const method = target[name];
    target[name] = function (...given) {
      const element = elementOf(this);
      if (!element || !given.length) return method.apply(this, given);
      const options = asked(given);
      glide([element], options.behavior, () => method.call(this, { ...options, behavior: "instant" }));
    };
  };
  for (const name of ["scroll", "scrollTo", "scrollBy"]) {
    wrap(prototype, name, (element) => element);
    wrap(self, name, () => document.scrollingElement);
  }
  sides.forEach(([name, side], index) => {
    Object.defineProperty(prototype, name, {
      ...side,
      set(position) {
        const wanted = index ? { top: Number(position) || 0 } : { left: Number(position) || 0 };
        glide([this], "auto", () => native.scrollTo.call(this, { ...wanted, behavior: "instant" }));
      },
    });
  });
  prototype.scrollIntoView = function (given) {
    const around = [];
    for (let at = this; at; at = at.assignedSlot ?? at.parentElement ?? at.getRootNode().host) around.push(at);
    if (document.scrollingElement && !around.includes(document.scrollingElement)) around.push(document.scrollingElement);
    const options = given !== null && typeof given === "object" ? given : { block: given === false ? "end" : "start" };
    glide(around, options.behavior, () => native.scrollIntoView.call(this, { ...options, behavior: "instant" }));
  };
  // Each step of ours ends a scroll of Chromium's.
  const isUnderWay = (target) => gliding.has(target instanceof Document ? target.scrollingElement : target);
  addEventListener("scrollend", (event) => isUnderWay(event.target) && event.stopImmediatePropagation(), true);

  self.__sluice.scrolling = {
    get beganLate() {
      return beganLate;
    },
    place() {
      for (const [element, { from, to, birth, duration }] of gliding) {
        const progress = (now() - birth) / duration;
        if (progress >= 1) gliding.delete(element);
        const share = progress >= 1 ? 1 : ease(progress);
        put(element, from.map((start, side) => start + (to[side] - start) * share));
      }
    },
  };
}
