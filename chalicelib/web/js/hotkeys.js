// The keys of the player. They work wherever the focus is, but where a key means something else already: in a field, in
// an open menu or dialog, and, for those that scroll a page, outside of the player.

/** For people: what the help lists. */
export const KEYS = [
  ["Space or K", "Play, pause"],
  ["← →", "5 seconds back, on"],
  ["J L", "10 seconds back, on"],
  ["0 … 9", "To that tenth"],
  ["↑ ↓", "Louder, quieter (in the player)"],
  ["M", "Mute"],
  ["C", "Subtitles"],
  ["F", "Full screen"],
  ["P", "Picture in picture"],
  ["< >", "Slower, faster"],
];

const STEP_S = 5;
const LEAP_S = 10;
const LOUDER = 0.1;

/**
 * @param {HTMLElement} player
 * @param {HTMLMediaElement} media
 * @param {import("./controls.js").Controls} controls
 * @returns {() => void} stops listening
 */
export function listen(player, media, controls) {
  const skip = (by) => (media.currentTime = Math.max(0, Math.min(controls.seekBar.length, media.currentTime + by)));
  const turn = (by) => controls.turnTo(media.volume + by);
  const acts = {
    " ": () => controls.toggle(),
    k: () => controls.toggle(),
    ArrowLeft: () => skip(-STEP_S),
    ArrowRight: () => skip(STEP_S),
    j: () => skip(-LEAP_S),
    l: () => skip(LEAP_S),
    ArrowUp: () => turn(LOUDER),
    ArrowDown: () => turn(-LOUDER),
    m: () => controls.toggleMute(),
    c: () => controls.toggleCaptions(),
    f: () => controls.fullButton.hidden || controls.toggleFull(),
    p: () => controls.pipButton.hidden || controls.togglePicture(),
    "<": () => controls.changeRate(-1),
    ">": () => controls.changeRate(1),
  };
  const onSeekBar = { Home: () => (media.currentTime = 0), End: () => (media.currentTime = controls.seekBar.length) };
  const press = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target.closest?.("input, textarea, select, dialog, [role=menu]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === " " && target.closest?.("button, a, summary")) return;
    const vertical = key === "ArrowUp" || key === "ArrowDown";
    if (vertical && !player.contains(target)) return;
    const digit = /^[0-9]$/.test(key) && (() => (media.currentTime = (controls.seekBar.length * Number(key)) / 10));
    const act = digit || acts[key] || (target === controls.seekBar.element && onSeekBar[key]);
    if (!act) return;
    event.preventDefault();
    act();
    controls.wake();
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
