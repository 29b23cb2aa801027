// What a page has asked for and not yet got: a frame waits for it, because all of it is answered from this machine, and
// how long that takes is not the page's time. Runs after virtual_time.js.
() => {
  "use strict";
  if (self.__sluice.requests) return;
  const pending = new Set();
  const awaited = (promise) => {
    const done = promise.then(
      () => pending.delete(done),
      () => pending.delete(done),
    );
    pending.add(done);
    return promise;
  };
  const waitFor = (target, name) => {
    const native = target[name];
    target[name] = function (...given) {
      return awaited(native.apply(this, given));
    };
  };
  waitFor(self, "fetch");
  for (const name of ["text", "json", "arrayBuffer", "blob", "bytes", "formData"]) waitFor(Response.prototype, name);
  waitFor(FontFace.prototype, "load");
  const fonts = self.document ? document.fonts : self.fonts;
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...given) {
    send.apply(this, given);
    // One that blocks the page is done.
    if (this.readyState === XMLHttpRequest.DONE) return;
    awaited(new Promise((resolve) => this.addEventListener("loadend", resolve, { once: true })));
  };
  // Pictures that are in no document are in nobody's list.
  const waitForPictures = () => {
    const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
    Object.defineProperty(HTMLImageElement.prototype, "src", {
      ...source,
      set(url) {
        source.set.call(this, url);
        if (this.complete || this.loading === "lazy") return;
        const ended = new Promise((resolve) => {
          for (const end of ["load", "error"]) this.addEventListener(end, resolve, { once: true });
        });
        awaited(ended);
      },
    });
  };
  if (self.document) waitForPictures();
  // A frame that comes late loads as the page did; one that is refused loads too.
  const loaded = new WeakSet();
  const awaitedFrames = new WeakSet();
  if (self.document) {
    document.addEventListener("load", (event) => event.target instanceof HTMLIFrameElement && loaded.add(event.target), true);
  }
  const awaitFrames = () => {
    if (!self.document || document.readyState !== "complete") return;
    for (const frame of document.getElementsByTagName("iframe")) {
      if (loaded.has(frame) || awaitedFrames.has(frame) || frame.loading === "lazy") continue;
      awaitedFrames.add(frame);
      awaited(new Promise((resolve) => frame.addEventListener("load", resolve, { once: true })));
    }
  };
  // Pictures that come as markup.
  const awaitedImages = new WeakMap();
  const awaitImages = () => {
    if (!self.document || document.readyState !== "complete") return;
    for (const image of document.images) {
      if (image.complete || image.loading === "lazy" || awaitedImages.get(image) === image.src) continue;
      awaitedImages.set(image, image.src);
      const ended = new Promise((resolve) => {
        for (const end of ["load", "error"]) image.addEventListener(end, resolve, { once: true });
      });
      awaited(ended);
    }
  };
  // Answers lead to questions; a page that never ends asking is not waited for.
  const ROUNDS = 50;
  // What the page itself has given up is never answered.
  const PATIENCE_MS = 5000;
  const patience = () =>
    new Promise((resolve) => {
      self.__sluice.native.setTimeout(resolve, PATIENCE_MS, "overdue");
    });
  self.__sluice.requests = {
    async answered() {
      for (let round = 0; round < ROUNDS; round++) {
        awaitFrames();
        awaitImages();
        const nested = self.__sluice.children().map((child) => child.requests.answered());
        if (!pending.size && fonts.status === "loaded" && !nested.length) return;
        const all = Promise.all([...pending, fonts.ready, ...nested]);
        if ((await Promise.race([all, patience()])) === "overdue") pending.clear();
        await self.__sluice.turn();
        if (!pending.size && fonts.status === "loaded") return;
      }
    },
  };
}
