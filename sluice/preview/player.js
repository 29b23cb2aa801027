// The player around a previewed composition. It shows whole frames only: frame `k` is the page at `k / rate` seconds,
// as in a render. The page lives on another origin, and answers through bridge.js.

const element = (id) => document.getElementById(id);
const stage = element("stage");
const scrubber = element("scrubber");
const MESSAGES_MOST = 20;

const settings = await (await fetch("settings.json")).json();
const pageOrigin = new URL(settings.page).origin;
const rate = settings.rate[0] / settings.rate[1];
const nominal = Math.round(rate);

let screen = null; // what is seen
let wanted = 0;
let shown = -1;
let showing = false;
let playing = null; // where and when playing began
let total = 1;

// --- one loaded page ---

class Screen {
  #answers = new Map();
  #asked = 0;

  constructor() {
    this.box = document.createElement("div");
    this.box.className = "screen waiting";
    this.frame = document.createElement("iframe");
    this.frame.title = "The composition";
    this.frame.tabIndex = -1;
    // The size it has until the page says its own.
    this.size = { width: 1280, height: 720, duration: 0 };
    this.ready = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.box.append(this.frame);
    stage.append(this.box);
    this.frame.src = settings.page;
    this.fit();
  }

  take(message) {
    if (message.sluice === "ready") {
      this.size = {
        width: message.width || 1280,
        height: message.height || 720,
        duration: message.duration || 0,
      };
      this.fit();
      this.resolve();
    } else if (message.sluice === "failed") {
      this.reject(new Error(message.text));
    } else if (message.sluice === "shown") {
      this.#answers.get(message.number)?.();
      this.#answers.delete(message.number);
    } else if (message.sluice === "said") {
      note(message.text);
    } else if (message.sluice === "refused") {
      note(`not loaded, because a render has no network: ${message.url}`);
    }
  }

  show(frame) {
    const number = ++this.#asked;
    const done = new Promise((resolve) => this.#answers.set(number, resolve));
    const milliseconds = (frame * 1000 * settings.rate[1]) / settings.rate[0];
    this.frame.contentWindow.postMessage({ sluice: "show", number, milliseconds }, pageOrigin);
    return done;
  }

  fit() {
    const { width, height } = this.size;
    const scale = Math.min(stage.clientWidth / width, stage.clientHeight / height);
    Object.assign(this.frame.style, { width: `${width}px`, height: `${height}px`, transform: `scale(${scale})` });
    Object.assign(this.box.style, {
      width: `${width * scale}px`,
      height: `${height * scale}px`,
      left: `${(stage.clientWidth - width * scale) / 2}px`,
      top: `${(stage.clientHeight - height * scale) / 2}px`,
    });
  }
}

const screens = new Set();
addEventListener("message", (event) => {
  if (event.origin !== pageOrigin) return;
  for (const each of screens) if (each.frame.contentWindow === event.source) each.take(event.data ?? {});
});
new ResizeObserver(() => screens.forEach((each) => each.fit())).observe(stage);

// A page that shows `frame`, put in the place of the one before in the moment when it does.
const open = async (frame) => {
  const fresh = new Screen();
  screens.add(fresh);
  try {
    await fresh.ready;
    await fresh.show(Math.min(frame, framesOf(fresh.size.duration) - 1));
  } catch (error) {
    drop(fresh);
    throw error;
  }
  const before = screen;
  screen = fresh;
  fresh.box.classList.remove("waiting");
  if (before) drop(before);
};
const drop = (old) => {
  screens.delete(old);
  old.box.remove();
};

// --- what is shown ---

// A duration that came through floating point must not gain a frame.
const framesOf = (seconds) => Math.max(1, Math.ceil(seconds * rate - 0.001));

const seek = (frame) => {
  wanted = Math.max(0, Math.min(total - 1, Math.round(frame)));
  tell(wanted);
  if (!showing) catchUp();
};
const catchUp = async () => {
  showing = true;
  while (screen && shown !== wanted) {
    const target = wanted;
    // What timers have done to a page cannot be undone: to go back is to begin again. The published runtime can go back.
    if (target < shown && settings.runtime === "page") await open(target);
    else await screen.show(target);
    shown = target;
    document.body.dataset.shown = target;
  }
  showing = false;
};

const load = async () => {
  pause();
  element("messages").replaceChildren();
  const first = !screen;
  if (first) element("notice").textContent = "loading …";
  try {
    await open(wanted);
  } catch (error) {
    if (first) element("notice").textContent = error.message;
    note(error.message);
    return;
  }
  element("notice").textContent = "";
  const { width, height, duration } = screen.size;
  total = framesOf(duration);
  scrubber.max = total - 1;
  for (const control of document.querySelectorAll(":disabled")) control.disabled = false;
  const fps = Number(rate.toFixed(3));
  element("size").textContent = `${width} × ${height} · ${fps} fps · ${duration.toFixed(2)} s`;
  shown = Math.min(wanted, total - 1);
  document.body.dataset.shown = shown;
  seek(shown);
};

// --- controls ---

const tell = (frame) => {
  const two = (value) => String(value).padStart(2, "0");
  const seconds = Math.floor(frame / nominal);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, frame % nominal];
  const code = parts.map(two).join(":");
  element("time").value = code;
  element("frames").textContent = `frame ${frame} of ${total}`;
  scrubber.value = frame;
  scrubber.setAttribute("aria-valuetext", `frame ${frame} of ${total}, ${code}`);
};

const play = () => {
  const from = wanted >= total - 1 ? 0 : wanted;
  playing = { from, at: performance.now() };
  element("play").setAttribute("aria-pressed", "true");
  element("play").setAttribute("aria-label", "Pause");
  requestAnimationFrame(step);
};
const pause = () => {
  playing = null;
  element("play").setAttribute("aria-pressed", "false");
  element("play").setAttribute("aria-label", "Play");
};
const step = (now) => {
  if (!playing) return;
  const frame = playing.from + Math.floor(((now - playing.at) / 1000) * rate + 1e-6);
  seek(Math.max(frame, playing.from));
  if (frame >= total - 1) pause();
  else requestAnimationFrame(step);
};
const go = (frame) => {
  pause();
  seek(frame);
};

scrubber.addEventListener("input", () => go(scrubber.valueAsNumber));
element("play").addEventListener("click", () => (playing ? pause() : play()));
element("back").addEventListener("click", () => go(wanted - 1));
element("forward").addEventListener("click", () => go(wanted + 1));
element("first").addEventListener("click", () => go(0));
element("last").addEventListener("click", () => go(total - 1));
element("reload").addEventListener("click", load);

const KEYS = {
  " ": () => element("play").click(),
  k: () => element("play").click(),
  ArrowLeft: (event) => go(wanted - (event.shiftKey ? nominal : 1)),
  ArrowRight: (event) => go(wanted + (event.shiftKey ? nominal : 1)),
  Home: () => go(0),
  End: () => go(total - 1),
  r: () => load(),
};
addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  // A button that has the focus is pressed by Space itself.
  if (event.key === " " && event.target instanceof HTMLButtonElement) return;
  event.preventDefault();
  if (screen || event.key === "r") act(event);
});

const note = (text) => {
  const list = element("messages");
  const same = Array.from(list.children).some((item) => item.textContent === text);
  if (same || list.children.length >= MESSAGES_MOST) return;
  list.append(Object.assign(document.createElement("li"), { textContent: text }));
};

document.title = `${settings.name} – preview`;
element("name").textContent = settings.name;
await load();
