// What the browser draws and moves by itself, on virtual time: <marquee>, <progress> of no value, and the caret. Chromium
// moves them inside of trees and painters that no script reaches, by the machine's clock; so they are stopped there, and
// moved here. Runs after animations.js.
() => {
  "use strict";
  if (self.__sluice.widgets || !self.document) return;
  const now = () => self.__sluice.now;
  const set = (element, name, value) => element.style.setProperty(name, value, "important");

  // --- marquee: its content, in a box of ours, runs as Chromium's own does ---
  const boxes = new WeakMap();
  const SHORTEST_STEP_MS = 60;
  const boxOf = (marquee) => {
    if (!boxes.has(marquee)) {
      // Before it starts: that is with a frame callback, later than ours.
      marquee.stop();
      const box = document.createElement("span");
      box.style.cssText = "display:inline-block;white-space:inherit;min-width:max-content";
      boxes.set(marquee, { box, birth: now(), text: "" });
      marquee.start = () => {};
    }
    const held = boxes.get(marquee);
    if (held.box.parentNode !== marquee || marquee.childNodes.length > 1) {
      held.box.append(...Array.from(marquee.childNodes).filter((node) => node !== held.box));
      marquee.append(held.box);
    }
    return held;
  };
  // Where it begins and ends, in pixels.
  const wayOf = (behavior, outer, inner, backwards) => {
    const room = outer - inner;
    let way = [outer, -inner];
    if (behavior === "alternate") way = [Math.max(room, 0), Math.min(room, 0)];
    if (behavior === "slide") way = [outer, Math.min(room, 0)];
    return backwards ? way.map((at) => room - at) : way;
  };
  const placeMarquee = (marquee) => {
    const { box, birth } = boxOf(marquee);
    const direction = marquee.direction.toLowerCase();
    const vertical = direction === "up" || direction === "down";
    if (vertical) set(box, "display", "block");
    const outer = vertical ? marquee.clientHeight : marquee.clientWidth;
    const inner = vertical ? box.offsetHeight : box.offsetWidth;
    const behavior = marquee.behavior.toLowerCase();
    const [from, to] = wayOf(behavior, outer, inner, direction === "right" || direction === "down");
    const step = marquee.trueSpeed ? marquee.scrollDelay : Math.max(marquee.scrollDelay, SHORTEST_STEP_MS);
    const duration = (Math.abs(to - from) * step) / marquee.scrollAmount;
    const loops = marquee.loop > 0 ? marquee.loop : behavior === "slide" ? 1 : Infinity;
    const round = duration > 0 && Number.isFinite(duration) ? (now() - birth) / duration : 0;
    const ended = round >= loops;
    const turned = behavior === "alternate" && (ended ? loops - 1 : Math.floor(round)) % 2;
    const share = ended ? 1 : round % 1;
    const at = from + (to - from) * (turned ? 1 - share : share);
    set(box, "transform", vertical ? `translateY(${at}px)` : `translateX(${at}px)`);
  };

  // --- progress: drawn as Chromium draws it ---
  const ROUND_MS = 2048;
  const bar = new CSSStyleSheet();
  bar.replaceSync("progress:indeterminate::-webkit-progress-bar{background:transparent!important}");
  const drawn = new WeakSet();
  const placeProgress = (tree, progress) => {
    if (!drawn.has(progress)) {
      // What an author draws stands still.
      if (getComputedStyle(progress).appearance === "none") return;
      drawn.add(progress);
      set(progress, "appearance", "none");
      if (!tree.adoptedStyleSheets.includes(bar)) tree.adoptedStyleSheets.push(bar);
    }
    const [width, height] = [progress.clientWidth, progress.clientHeight];
    const accent = getComputedStyle(progress).accentColor;
    const colour = accent === "auto" ? "#0075ff" : accent;
    const round = (now() % ROUND_MS) / ROUND_MS;
    const left = (round < 0.5 ? round : 1 - round) * 2 * (width - Math.floor(width / 5));
    const top = Math.floor(height / 4);
    const thick = Math.floor(height / 2);
    const track = `y="${top}" width="${width}" height="${thick}" rx="${thick / 2}"`;
    const edge = `x=".5" y="${top + 0.5}" width="${width - 1}" height="${thick - 1}" rx="${(thick - 1) / 2}"`;
    const picture =
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
      `<clipPath id="c"><rect ${track}/></clipPath><rect ${track} fill="#efefef"/>` +
      `<rect clip-path="url(#c)" x="${left}" y="${top}" width="${Math.floor(width / 5)}" height="${thick}"` +
      ` rx="${thick / 2}" fill="${colour}"/><rect ${edge} fill="none" stroke="#767676" stroke-opacity=".5"/></svg>`;
    set(progress, "background", `url("data:image/svg+xml,${encodeURIComponent(picture)}") no-repeat`);
  };
  const leaveProgress = (progress) => {
    if (!drawn.delete(progress)) return;
    for (const name of ["appearance", "background"]) progress.style.removeProperty(name);
  };

  // --- the caret ---
  const BLINK_MS = 500;
  let typing = null;
  const focused = () => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.matches("input, textarea") || element?.isContentEditable ? element : null;
  };
  const placeCaret = () => {
    const element = focused();
    if (typing && typing !== element) for (const name of ["caret-animation", "caret-color"]) typing.style.removeProperty(name);
    typing = element;
    if (!element) return;
    set(element, "caret-animation", "manual");
    if (Math.floor(now() / BLINK_MS) % 2) set(element, "caret-color", "transparent");
    else element.style.removeProperty("caret-color");
  };

  // --- what nothing reaches: the inner box of <details> moves by Chromium's clock ---
  const looked = new WeakSet();
  const lookInto = (details) => {
    if (!details.open || looked.has(details)) return;
    looked.add(details);
    const style = getComputedStyle(details, "::details-content");
    const moves = style.animationName !== "none" || style.transitionDuration.split(", ").some((time) => parseFloat(time));
    if (moves) self.__sluice.warn("::details-content moves by itself: its frames may differ from run to run");
  };

  const disclosures = document.getElementsByTagName("details");
  const marquees = document.getElementsByTagName("marquee");
  const bars = document.getElementsByTagName("progress");
  const place = () => {
    for (const marquee of Array.from(marquees)) placeMarquee(marquee);
    for (const details of Array.from(disclosures)) lookInto(details);
    for (const progress of Array.from(bars)) {
      if (progress.position < 0) placeProgress(document, progress);
      else leaveProgress(progress);
    }
    for (const tree of self.__sluice.animations.trees()) {
      tree.querySelectorAll("marquee").forEach(placeMarquee);
      for (const progress of tree.querySelectorAll("progress:indeterminate")) placeProgress(tree, progress);
    }
    placeCaret();
  };
  // While the page loads: each before it starts.
  const load = () => {
    if (self.__sluice.started) return;
    place();
    self.__sluice.native.frame(load);
  };
  self.__sluice.native.frame(load);
  self.__sluice.widgets = { place };
}
