// A file that moves by itself, as stills: `at` a time in seconds each is a URL. Null for a file that does not. Runs after
// drawings.js.
() => {
  "use strict";
  if (self.__sluice.openFilm || !self.ImageDecoder) return;
  const TYPES = [
    ["GIF8", "image/gif"],
    ["\x89PNG", "image/png"],
    ["RIFF", "image/webp"],
  ];
  const typeOf = (bytes) => {
    const head = String.fromCharCode(...bytes.subarray(0, 16));
    if (head.slice(4, 12).startsWith("ftypavi")) return "image/avif";
    return TYPES.find(([mark]) => head.startsWith(mark))?.[1] ?? "image/svg+xml";
  };
  // As players of GIF do: what asks for next to no time gets a tenth of a second.
  const SHORTEST_US = 10000;
  const USUAL_US = 100000;
  const KEPT = 200;
  const decode = async (data, type) => {
    const decoder = new ImageDecoder({ data, type });
    await decoder.tracks.ready;
    await decoder.completed;
    const track = decoder.tracks.selectedTrack;
    if (!track || !track.animated || track.frameCount < 2) return null;
    const starts = [];
    let length = 0;
    const canvas = document.createElement("canvas");
    const still = async (index) => {
      const { image } = await decoder.decode({ frameIndex: index });
      canvas.width = image.displayWidth;
      canvas.height = image.displayHeight;
      canvas.getContext("2d").drawImage(image, 0, 0);
      image.close();
      return canvas.toDataURL();
    };
    for (let index = 0; index < track.frameCount; index++) {
      const { image } = await decoder.decode({ frameIndex: index });
      starts.push(length);
      length += image.duration > SHORTEST_US ? image.duration : USUAL_US;
      image.close();
    }
    const stills = new Map();
    return {
      async at(seconds, loops) {
        const time = Math.max(0, Math.round(seconds * 1e6));
        const ended = loops === false || (loops !== true && time >= length * (track.repetitionCount + 1));
        const within = ended ? Math.min(time, length - 1) : time % length;
        // A little early counts, because times are computed in floats.
        const at = ended && time >= length ? starts.length - 1 : starts.findLastIndex((start) => start <= within + 100);
        if (!stills.has(at)) {
          if (stills.size >= KEPT) stills.clear();
          stills.set(at, await still(at));
        }
        return stills.get(at);
      },
    };
  };
  self.__sluice.openFilm = (data) => {
    const type = typeOf(new Uint8Array(data));
    return type === "image/svg+xml" ? self.__sluice.openDrawing(new TextDecoder().decode(data)) : decode(data, type);
  };
}
