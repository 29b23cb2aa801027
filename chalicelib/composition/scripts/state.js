// What the page says about itself, as one JSON value: whether it can be captured, its size, its length, its sound.
() => {
  const number = (text) => {
    const value = Number.parseFloat(text);
    return Number.isFinite(value) ? value : null;
  };
  const root = document.querySelector("[data-composition-id]") || document.querySelector("[data-width][data-height]");
  const named = root || document.querySelector("[data-duration]") || document.body;
  const player = window.__player;
  const runtime = Boolean(player && player.renderSeek && window.__renderReady);

  const longest = () => {
    const ends = document.getAnimations().map((animation) => {
      const timing = animation.effect && animation.effect.getComputedTiming();
      return timing && animation.timeline === document.timeline ? timing.endTime / 1000 : 0;
    });
    for (const timeline of Object.values(window.__timelines || {})) {
      ends.push(timeline.totalDuration ? timeline.totalDuration() : 0);
    }
    if (window.gsap && window.gsap.globalTimeline) {
      for (const child of window.gsap.globalTimeline.getChildren(false)) ends.push(child.endTime());
    }
    // gsap says 1e8 s and more where it means without end.
    return Math.max(0, ...ends.filter((end) => Number.isFinite(end) && end < 1e6));
  };
  const meta = document.querySelector('meta[name="sluice:duration"]');
  const said = [
    meta && number(meta.content),
    number(named && named.dataset.duration),
    number(document.documentElement.dataset.duration),
    number(document.body && document.body.dataset.duration),
  ].find((value) => value !== null && value > 0);

  const media = __sluice.media.all().map(([element, media]) => {
    const resolve = window.__hfResolveMediaStartSeconds;
    return {
      kind: element.localName,
      url: media.urlOf(element),
      sound: media.hasSound(element),
      readable: media.isReadable(element),
      start: (resolve && resolve(element)) || number(element.dataset.start) || 0,
      duration: number(element.dataset.duration),
      mediaStart: number(element.dataset.mediaStart) || number(element.dataset.playbackStart) || 0,
      volume: number(element.dataset.volume),
      rate: number(element.dataset.playbackRate) || element.defaultPlaybackRate || 1,
      plays: element.hasAttribute("data-start") || element.autoplay,
      // An author's `muted` only lets a browser start it; data-has-audio says that its sound is meant.
      silent: element.dataset.hasAudio ? element.dataset.hasAudio === "false" : element.defaultMuted,
    };
  });
  return {
    loaded: document.readyState === "complete",
    runtime,
    width: number(named && named.dataset.width),
    height: number(named && named.dataset.height),
    duration: runtime && player.getDuration() > 0 ? player.getDuration() : said || longest(),
    media,
    unknown: __sluice.media.urls(),
  };
}
