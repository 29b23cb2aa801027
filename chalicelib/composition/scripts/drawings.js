// An SVG file that moves by itself, as stills: it is laid out in a frame that nobody sees and that runs no script, put to
// a time, and copied with what its animations came to. Runs before moving.js.
() => {
  "use strict";
  if (self.__sluice.openDrawing || !self.document) return;
  const SMIL = "animate, animateTransform, animateMotion, set";
  const KEYS = new Set(["offset", "computedOffset", "easing", "composite"]);
  const NAMES = { class: "className", in: "in1" };
  const kebab = (name) => (name === "cssFloat" ? "float" : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  const ALIGNS = ["", "none", ..."Min Mid Max".split(" ").flatMap((y) => ["xMin", "xMid", "xMax"].map((x) => `${x}Y${y}`))];

  const matrixOf = ({ a, b, c, d, e, f }) => `matrix(${[a, b, c, d, e, f].join(" ")})`;
  // The text of an attribute's animated value; null if there is none to be told.
  const textOf = (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value !== "object") return String(value);
    // Its classes are those of another frame.
    if ("consolidate" in value) return Array.from(value, (item) => matrixOf(item.matrix)).join(" ");
    if ("numberOfItems" in value) return Array.from(value, textOf).join(" ");
    if ("valueAsString" in value) return value.valueAsString;
    if ("align" in value) return `${ALIGNS[value.align]}${value.meetOrSlice === 2 ? " slice" : ""}`;
    if ("width" in value) return [value.x, value.y, value.width, value.height].join(" ");
    if ("value" in value) return String(value.value);
    if ("x" in value) return `${value.x},${value.y}`;
    return null;
  };
  const animatedValue = (element, name) => {
    if (name === "points") return textOf(element.animatedPoints);
    const property = NAMES[name] ?? name;
    const pair = [`${name}X`, `${name}Y`].map((each) => element[each]?.animVal);
    if (pair.every((value) => value !== undefined)) return pair.join(" ");
    const value = element[property]?.animVal;
    // An enumeration is a number, whose words nobody tells.
    return element[property]?.constructor.name === "SVGAnimatedEnumeration" ? null : textOf(value);
  };

  const frameOf = (text) =>
    new Promise((resolve, reject) => {
      const host = document.createElement("div");
      host.style.cssText = "all:initial;position:fixed;left:0;top:0;width:0;height:0;overflow:hidden;visibility:hidden";
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-same-origin");
      frame.style.cssText = "border:0;width:300px;height:150px";
      const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
      frame.addEventListener("load", () => resolve([host, frame, url]), { once: true });
      frame.addEventListener("error", reject, { once: true });
      frame.src = url;
      host.attachShadow({ mode: "closed" }).append(frame);
      document.documentElement.append(host);
    });

  const MOVES = /<(\w+:)?(animate|set)|@keyframes/i;
  self.__sluice.openDrawing = async (text) => {
    if (!MOVES.test(text)) return null;
    const [host, frame, url] = await frameOf(text);
    URL.revokeObjectURL(url);
    const page = frame.contentDocument;
    const root = page?.documentElement;
    if (!(root && "pauseAnimations" in root)) {
      host.remove();
      return null;
    }
    root.pauseAnimations();
    const styled = page.getAnimations().filter((animation) => animation.effect?.target);
    for (const animation of styled) animation.pause();
    const moving = Array.from(root.querySelectorAll(SMIL), (element) => [element, element.targetElement]);
    if (!styled.length && !moving.length) {
      host.remove();
      return null;
    }
    // Of variables an animation does not say that it changes them.
    const rules = Array.from(page.styleSheets).flatMap((sheet) => Array.from(sheet.cssRules));
    const keyframes = rules.flatMap((rule) => (rule.type === CSSRule.KEYFRAMES_RULE ? Array.from(rule.cssRules) : []));
    const variables = keyframes.flatMap(({ style }) => Array.from(style).filter((name) => name.startsWith("--")));
    const computed = (element) => frame.contentWindow.getComputedStyle(element);
    const copyStyle = (from, to, name) => {
      const value = computed(from).getPropertyValue(name);
      if (value) to.style.setProperty(name, value, "important");
      return Boolean(value);
    };
    const copyMotion = (from, to) => {
      const [own, around] = [from.getCTM(), from.parentNode.getCTM?.()];
      if (!own || !around) return;
      to.style.setProperty("transform", matrixOf(around.inverse().multiply(own)).replaceAll(" ", ","), "important");
      to.style.setProperty("transform-origin", "0 0", "important");
      to.style.setProperty("transform-box", "view-box", "important");
    };
    const copy = () => {
      const still = root.cloneNode(true);
      const [before, after] = [root, still].map((tree) => [tree, ...tree.querySelectorAll("*")]);
      const twin = new Map(before.map((element, index) => [element, after[index]]));
      for (const animation of styled) {
        const { target, pseudoElement } = animation.effect;
        if (pseudoElement || !twin.has(target)) continue;
        const named = animation.effect.getKeyframes().flatMap((keyframe) => Object.keys(keyframe));
        const names = named.filter((name) => !KEYS.has(name)).map(kebab);
        for (const name of new Set([...names, ...variables])) copyStyle(target, twin.get(target), name);
      }
      for (const [element, target] of moving) {
        twin.get(element).remove();
        if (!target || !twin.has(target)) continue;
        const name = element.getAttribute("attributeName");
        const value = name && animatedValue(target, name.replace(/^xlink:/, ""));
        if (element.localName === "animateMotion") copyMotion(target, twin.get(target));
        else if (value !== null && value !== undefined) twin.get(target).setAttribute(name, value);
        else if (!copyStyle(target, twin.get(target), name)) self.__sluice.warn(`${name} of a drawing cannot be followed`);
      }
      for (const script of still.querySelectorAll("script")) script.remove();
      const style = page.createElementNS(root.namespaceURI, "style");
      style.textContent = "*{animation:none!important;transition:none!important}";
      still.append(style);
      return `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(still))}`;
    };
    return {
      async at(seconds) {
        root.setCurrentTime(Math.max(0, seconds));
        for (const animation of styled) animation.currentTime = Math.max(0, seconds) * 1000;
        return copy();
      },
    };
  };
}
