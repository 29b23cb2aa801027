// Workers, and frames of another origin, share the page's virtual time: they cannot be looked into, so they are told of
// every frame through a port. A worker begins with our scripts, `listen.js` at their end. Runs after virtual_time.js, in
// pages and in workers, as a function of its configuration:
//   scripts: where a worker's first script is served, mark: of the URLs that are served with it, and of messages of ours,
//   connect: of those that bring a shared worker another port.
(config) => {
  "use strict";
  if (self.__sluice.workers) return;
  const ports = new Set();
  let draws = false;
  const shared = new Map();
  self.__sluice.workers = {
    // One that is shared is a worker of the outermost frame, which hears of each that connects.
    connect(url, name, type, port) {
      const key = JSON.stringify([url, name]);
      if (!shared.has(key)) shared.set(key, new self.Worker(url, { name, type }));
      Native.prototype.postMessage.call(shared.get(key), config.connect, [port]);
      return shared.get(key);
    },
    // Whether any of them, or a script, draws into a canvas that is not on the page.
    get draws() {
      return draws || self.__sluice.children().some((child) => child.workers.draws);
    },
    // Has each of them reach a time, and answer.
    async tick(milliseconds) {
      dropFrames();
      await Promise.all([...ports].map((port) => port.reach(milliseconds)));
      await Promise.all(self.__sluice.children().map((child) => child.workers.tick(milliseconds)));
    },
    // Resolves when what was said to them has been heard, and answered.
    async served() {
      dropFrames();
      await Promise.all([...ports].map((port) => port.reach(null)));
      await Promise.all(self.__sluice.children().map((child) => child.workers.served()));
      if (ports.size) await self.__sluice.turn();
    },
  };
  // A worker may compute for long; a frame that has gone elsewhere, to a page that runs no script, never answers.
  const WORKER_MS = 20000;
  const FRAME_MS = 2000;
  const follow = (channelPort, patience) => {
    const waiting = [];
    const answer = () => waiting.shift()?.();
    const port = {
      reach: (milliseconds) =>
        new Promise((resolve) => {
          const giveUp = self.__sluice.native.setTimeout(() => port.end(), patience);
          waiting.push(() => {
            self.__sluice.native.clearTimeout(giveUp);
            resolve();
          });
          channelPort.postMessage(milliseconds);
        }),
      end() {
        ports.delete(port);
        while (waiting.length) answer();
      },
    };
    channelPort.onmessage = ({ data }) => (data === "closed" ? port.end() : answer());
    ports.add(port);
    return port;
  };
  // From frames of another origin; one that goes elsewhere says so, one that is taken away is looked for.
  const frames = new Map();
  if (self.document) {
    addEventListener("message", (event) => {
      if (event.data !== config.mark) return;
      event.stopImmediatePropagation();
      // One that was replaced meanwhile is nobody's any more.
      if (!event.source) return;
      frames.get(event.source)?.end();
      frames.set(event.source, follow(event.ports[0], FRAME_MS));
    });
  }
  const dropFrames = () => {
    for (const [frame, port] of frames) {
      if (!frame.closed) continue;
      frames.delete(frame);
      port.end();
    }
  };
  if (self.HTMLCanvasElement) {
    const transfer = HTMLCanvasElement.prototype.transferControlToOffscreen;
    HTMLCanvasElement.prototype.transferControlToOffscreen = function () {
      draws = true;
      return transfer.call(this);
    };
  }
  const Native = self.Worker;
  if (!Native) return;

  // A URL may be revoked as soon as a worker has it.
  const blobs = new Map();
  const { createObjectURL } = URL;
  URL.createObjectURL = (object) => {
    const url = createObjectURL.call(URL, object);
    if (object instanceof Blob) blobs.set(url, object);
    return url;
  };
  const begun = (given, module) => {
    const url = new URL(given, self.document ? document.baseURI : location.href);
    const script = `${config.scripts}${self.__sluice.now}.js`;
    if (url.protocol === "http:") {
      url.searchParams.append(config.mark, `${module ? "module" : "classic"}-${self.__sluice.now}`);
      return url;
    }
    const first = module ? `import ${JSON.stringify(script)};` : `importScripts(${JSON.stringify(script)});`;
    const blob = blobs.get(url.href) ?? dataOf(url);
    return blob ? createObjectURL.call(URL, new Blob([first, "\n", blob], { type: "text/javascript" })) : given;
  };
  const dataOf = (url) => {
    if (url.protocol !== "data:") return null;
    const [, kind, data] = /^data:([^,]*),(.*)$/s.exec(url.href) ?? [null, "", ""];
    return new Blob([kind.endsWith(";base64") ? atob(decodeURIComponent(data)) : decodeURIComponent(data)]);
  };

  self.Worker = class Worker extends Native {
    constructor(url, options = {}) {
      super(begun(url, options.type === "module"), options);
      const channel = new MessageChannel();
      const port = follow(channel.port1, WORKER_MS);
      // A script that cannot be had runs nothing that could answer; one that throws goes on listening.
      this.addEventListener("error", (event) => event instanceof ErrorEvent || port.end());
      this.addEventListener(config.mark, () => port.end());
      super.postMessage(config.mark, [channel.port2]);
    }
    terminate() {
      this.dispatchEvent(new Event(config.mark));
      super.terminate();
    }
  };
  if (!self.SharedWorker) return;
  const outermost = () => {
    try {
      return self.top.__sluice.workers;
    } catch {
      return self.__sluice.workers; // of another origin
    }
  };
  self.SharedWorker = class SharedWorker extends EventTarget {
    constructor(url, options = {}) {
      super();
      const { name = "", type } = typeof options === "string" ? { name: options } : options;
      const channel = new MessageChannel();
      this.port = channel.port1;
      this.onerror = null;
      const worker = outermost().connect(new URL(url, document.baseURI).href, name, type, channel.port2);
      worker.addEventListener("error", () => {
        const event = new Event("error");
        this.dispatchEvent(event);
        this.onerror?.(event);
      });
    }
  };
}
