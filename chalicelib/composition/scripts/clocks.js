// The less obvious clocks of a page, on virtual time. Runs after virtual_time.js.
() => {
  "use strict";
  const now = () => self.__sluice.now;
  const getter = (target, name, get) => Object.defineProperty(target, name, { configurable: true, enumerable: true, get });
  getter(Event.prototype, "timeStamp", now);

  // --- performance.mark and measure: told the time, where they would look for it ---
  const { mark, measure } = Performance.prototype;
  Performance.prototype.mark = function (name, options = {}) {
    return mark.call(this, name, { ...options, startTime: options.startTime ?? now() });
  };
  Performance.prototype.measure = function (name, start, end) {
    if (start && typeof start === "object") {
      const open = start.end === undefined && start.duration === undefined;
      return measure.call(this, name, open ? { ...start, end: now() } : start);
    }
    return measure.call(this, name, { start: start ?? 0, end: end ?? now() });
  };

  // --- what formats the present when it is given nothing ---
  const formats = Intl.DateTimeFormat.prototype;
  const format = Object.getOwnPropertyDescriptor(formats, "format");
  getter(formats, "format", function () {
    const bound = format.get.call(this);
    return (date = Date.now()) => bound(date);
  });
  const { formatToParts } = formats;
  formats.formatToParts = function (date = Date.now()) {
    return formatToParts.call(this, date);
  };
  if (self.Temporal) {
    const { Instant, Now } = self.Temporal;
    const instant = () => Instant.fromEpochMilliseconds(Math.floor(Date.now()));
    const zoned = (zone = Now.timeZoneId()) => instant().toZonedDateTimeISO(zone);
    Object.assign(Now, {
      instant,
      zonedDateTimeISO: zoned,
      plainDateTimeISO: (zone) => zoned(zone).toPlainDateTime(),
      plainDateISO: (zone) => zoned(zone).toPlainDate(),
      plainTimeISO: (zone) => zoned(zone).toPlainTime(),
    });
  }

  // --- sound: an AudioContext runs from when it was made ---
  if (self.AudioContext) {
    const births = new WeakMap();
    const Native = self.AudioContext;
    self.AudioContext = class AudioContext extends Native {
      constructor(...given) {
        super(...given);
        births.set(this, now());
      }
    };
    const time = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, "currentTime");
    getter(BaseAudioContext.prototype, "currentTime", function () {
      return births.has(this) ? (now() - births.get(this)) / 1000 : time.get.call(this);
    });
  }
}
