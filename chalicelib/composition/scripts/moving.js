// Pictures that move by themselves, on virtual time: GIF, APNG, WebP and AVIF, and SVG with animations of its own.
// Chromium plays them by the machine's clock, and nothing reaches that. So each is looked up when the page has asked for
// it, and where it is shown a still of the present time takes its place: in <img> as its `content`, in the <image> of a
// drawing as its `href`, in style sheets as a variable instead of the URL. Runs after films.js and media.js, as a function
// of its configuration:
//   moving: where a file of the project is served if it moves; what does not comes empty.
(config) => {
  "use strict";
  if (self.__sluice.moving) return;
  // A browser without it, in the preview, plays pictures as it does.
  if (!self.document || !self.ImageDecoder) {
    self.__sluice.moving = { show: async () => {}, find: async () => {}, beganLate: false };
    return;
  }
  const now = () => self.__sluice.now / 1000;
  const load = self.fetch;
  performance.setResourceTimingBufferSize(100000);
  let beganLate = false;

  // --- files that the page has asked for ---
  // What a frame without a URL has is its parent's.
  const { origin } = location.protocol.startsWith("http") ? location : new URL(document.baseURI);
  const open = async (url) => {
    const inside = url.startsWith(`${origin}/`);
    const answer = await load(inside ? origin + config.moving + url.slice(origin.length + 1).split("#")[0] : url);
    const data = await answer.arrayBuffer();
    if (!data.byteLength) return null;
    return self.__sluice.openFilm(data);
  };

  const DATA = /^data:image\/(gif|a?png|webp|avif|svg)/i;
  const films = new Map();
  const look = (url) => {
    const found = { url, film: null, birth: now(), still: "", variable: "", held: null };
    found.opened = open(url).then(
      (film) => {
        found.film = film;
        if (film) beganLate ||= found.birth > 0;
      },
      () => {}, // gone, or broken: it shows what it shows
    );
    films.set(url, found);
    return found.opened;
  };

  // --- where they are shown ---
  const trees = () => [document, ...self.__sluice.animations.trees()];
  const replaced = new WeakMap();
  const absolute = (named, base = document.baseURI) => {
    try {
      return named ? new URL(named, base).href : "";
    } catch {
      return "";
    }
  };
  // How each kind of element names its picture, and how it is given another.
  const byAttribute = (name) => ({
    named: (element) => {
      const value = element.getAttribute(name);
      const before = replaced.get(element);
      return before && before.still === value ? before.url : absolute(value);
    },
    show: (element, shown) => element.setAttribute(name, shown.still),
    leave: () => {}, // it has another already
  });
  const byContent = (named) => ({
    named,
    show(element, shown) {
      // Of several sizes one is drawn smaller than it is.
      const dense = element.naturalWidth ? shown.image.naturalWidth / element.naturalWidth : 1;
      const still = `url("${shown.still}")`;
      const value = Math.abs(dense - 1) < 0.01 ? still : `image-set(${still} ${dense}x)`;
      element.style.setProperty("content", value, "important");
    },
    leave: (element) => element.style.removeProperty("content"),
  });
  const KINDS = {
    img: byContent((element) => element.currentSrc),
    "input[type=image]": byAttribute("src"),
    "object[data]": {
      ...byAttribute("data"),
      // One that is a document has a clock of its own.
      named: (element) => (element.contentDocument ? "" : byAttribute("data").named(element)),
    },
    image: byAttribute("href"),
    "video[poster]": byAttribute("poster"),
  };
  const showAll = () =>
    Object.entries(KINDS).flatMap(([selector, kind]) =>
      trees().flatMap((tree) => Array.from(tree.querySelectorAll(selector), (element) => showOne(element, kind))),
    );
  // An element that has a place in the timeline begins there; any other when its file came.
  const timeOf = (element, film) => self.__sluice.media.placed(element) ?? now() - film.birth;
  const LOOPS = { "": true, true: true, 1: true, yes: true, false: false, 0: false, no: false };
  const ready = async (still) => {
    const image = new Image();
    image.src = still;
    await image.decode();
    return { still, image };
  };
  const showOne = async (element, kind) => {
    const url = kind.named(element);
    if (url && !films.has(url) && (DATA.test(url) || !url.startsWith("data:"))) look(url);
    const film = films.get(url);
    await film?.opened;
    const before = replaced.get(element);
    if (before && before.url !== url) {
      replaced.delete(element);
      kind.leave(element);
    }
    if (!film?.film) return;
    const still = await film.film.at(timeOf(element, film), LOOPS[element.dataset.loop?.trim().toLowerCase()]);
    if (before?.still === still && before.url === url) return;
    const shown = { ...(await ready(still)), url };
    replaced.set(element, shown);
    kind.show(element, shown);
    // A drawing's picture loads anew.
    if (element instanceof SVGImageElement) await element.decode().catch(() => false);
  };

  // --- style sheets ---
  const URLS = /url\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^"')]*))\s*\)/g;
  let variables = 0;
  const rulesOf = (sheet) => {
    try {
      return Array.from(sheet.cssRules);
    } catch {
      return []; // of another origin
    }
  };
  // Calls with each block of declarations, and what its URLs are relative to.
  const eachBlock = (call) => {
    const walk = (rules, base) => {
      for (const rule of rules) {
        if (rule.styleSheet) walk(rulesOf(rule.styleSheet), rule.styleSheet.href ?? base);
        if (rule.style && !(rule instanceof CSSFontFaceRule)) call(rule.style, base);
        if (rule.cssRules) walk(Array.from(rule.cssRules), base);
      }
    };
    for (const tree of trees()) {
      for (const sheet of [...tree.styleSheets, ...tree.adoptedStyleSheets]) {
        walk(rulesOf(sheet), sheet.href ?? document.baseURI);
      }
      for (const element of tree.querySelectorAll("[style*='url(']")) call(element.style, document.baseURI);
    }
  };
  const urlIn = (found, base) => absolute((found[1] ?? found[2] ?? found[3]).replace(/\\(.)/g, "$1"), base);
  const inSheets = () => {
    const asked = new Set(performance.getEntriesByType("resource").map((entry) => entry.name));
    const found = new Set();
    eachBlock((style, base) => {
      if (!style.cssText.includes("url(")) return;
      for (const match of style.cssText.matchAll(URLS)) {
        const url = urlIn(match, base);
        if (DATA.test(url) || (!url.startsWith("data:") && asked.has(url.split("#")[0]))) found.add(url);
      }
    });
    return found;
  };
  const takeOver = () => {
    eachBlock((style, base) => {
      const text = style.cssText;
      if (!text.includes("url(") || style.getPropertyValue("content").startsWith('url("data:image/png')) return;
      const changed = text.replace(URLS, (...match) => {
        const film = films.get(urlIn(match, base));
        if (!film?.film) return match[0];
        film.variable ||= `--sluice-picture-${++variables}`;
        return `var(${film.variable})`;
      });
      if (changed !== text) style.cssText = changed;
    });
  };
  const PICTURES = /image|content|cursor|^background$|^mask|^--sluice/;
  const showInSheets = async () => {
    const changes = [];
    for (const film of films.values()) {
      if (!film.variable) continue;
      const still = await film.film.at(now() - film.birth);
      if (still !== film.still) changes.push([film, await ready(still)]);
    }
    if (!changes.length) return;
    const before = new Set(document.getAnimations());
    for (const [film, shown] of changes) {
      Object.assign(film, { still: shown.still, held: shown });
      document.documentElement.style.setProperty(film.variable, `url("${shown.still}")`);
    }
    // From one still to the next nothing fades.
    for (const animation of document.getAnimations()) {
      if (before.has(animation) || !(animation instanceof CSSTransition)) continue;
      if (PICTURES.test(animation.transitionProperty)) animation.cancel();
    }
  };

  // A file of which <use> shows a part stands still there.
  const lookAtUses = async () => {
    for (const use of trees().flatMap((tree) => Array.from(tree.querySelectorAll("use")))) {
      const url = absolute(use.href.baseVal.split("#")[0]);
      if (!url || url === document.URL.split("#")[0] || url.startsWith("data:")) continue;
      if (!films.has(url)) look(url);
      await films.get(url).opened;
      if (films.get(url).film) self.__sluice.warn(`${url.slice(origin.length + 1)} moves by itself, but not in <use>`);
    }
  };

  const children = () => self.__sluice.children().map((child) => child.moving);
  self.__sluice.moving = {
    get beganLate() {
      return beganLate;
    },
    // Looks up what has come since, and shows it.
    async find() {
      const fresh = [...inSheets()].filter((url) => !films.has(url));
      await Promise.all(fresh.map(look));
      if ([...films.values()].some((film) => film.film)) takeOver();
      await lookAtUses();
      await self.__sluice.moving.show(false);
      await Promise.all(children().map((child) => child.find()));
    },
    // Resolves when all of them show what belongs to the present time.
    async show(nested = true) {
      await Promise.all([...showAll(), showInSheets()]);
      if (nested) await Promise.all(children().map((child) => child.show()));
    },
  };
}
