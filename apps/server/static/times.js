// Times: seconds of a recording as people read and write them. Pure; knows no page.

const pad = (number) => String(number).padStart(2, "0");

/** Seconds as m:ss or h:mm:ss; a tenth where `fine`. */
export function clock(seconds, { fine = false } = {}) {
  const tenths = fine ? Math.round(seconds * 10) : Math.floor(seconds) * 10;
  const whole = Math.floor(tenths / 10);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const text = h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
  return tenths % 10 ? `${text}.${tenths % 10}` : text;
}

/** A length in its two largest units: 42 s, 1 min 5 s, 2 h 51 min, 3 d 4 h. */
export function duration(seconds) {
  let left = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count || (unit === "s" && !parts.length)) parts.push(`${count} ${unit}`);
    else if (parts.length) break;
  }
  return parts.slice(0, 2).join(" ");
}

/** Bytes as 340 kB, 18 MB. */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  let value = bytes;
  while (value >= 1000 && step < units.length - 1) [value, step] = [value / 1000, step + 1];
  return `${value < 10 && step ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

const isOfDay = (posix_s, now_s) =>
  new Date(posix_s * 1000).toDateString() === new Date(now_s * 1000).toDateString();

/** A wall clock's hours and minutes, with the date where that is not today's, or where `dated`. */
export function wallClock(posix_s, { seconds = true, now_s = Date.now() / 1000, dated = !isOfDay(posix_s, now_s) } = {}) {
  const then = new Date(posix_s * 1000);
  const day = `${pad(then.getMonth() + 1)}-${pad(then.getDate())} `;
  const time = `${pad(then.getHours())}:${pad(then.getMinutes())}`;
  return `${dated ? day : ""}${time}${seconds ? `:${pad(then.getSeconds())}` : ""}`;
}

function clockSeconds(text) {
  const match = /^(?:(\d+):)?(?:(\d+):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (!match) return null;
  const [, first, second, last] = match;
  const large = second === undefined ? [0, first ?? 0] : [first, second];
  return Number(large[0]) * 3600 + Number(large[1]) * 60 + Number(last);
}

/** How a source's seconds are told: as m:ss, or by the wall clock where `started_s` is known. */
export class TimeBase {
  constructor(started_s = null, now_s = () => Date.now() / 1000) {
    this.started_s = started_s;
    this.now_s = now_s;
  }

  get wall() {
    return this.started_s !== null;
  }

  text(t_s, options = {}) {
    if (!this.wall) return clock(t_s, options);
    return wallClock(this.started_s + t_s, { now_s: this.now_s() });
  }

  /** Seconds for what somebody typed, or null. A time of day is its newest before `end_s`. */
  parse(text, end_s) {
    if (!this.wall) return clockSeconds(text);
    const match = /^(?:(\d{1,2})-(\d{1,2})\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
    if (!match) return null;
    const [month, day, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
    const last = new Date((this.started_s + end_s) * 1000);
    const found = new Date(last);
    if (day) found.setMonth(month - 1, day);
    found.setHours(hours, minutes, seconds, 0);
    // A second of grace: what was shown is cut to whole seconds, and must lead back.
    while (found - last > 1000) {
      if (day) found.setFullYear(found.getFullYear() - 1);
      else found.setDate(found.getDate() - 1);
    }
    return found / 1000 - this.started_s;
  }
}

/**
 * When moments, in order of time, were: `short` in the words of `base`, `long` with the wall clock
 * too. With dates, unless all of them and of the range (`coverage`, once it is known) are of today.
 */
export function momentTimes(moments, base, { coverage = null, fine = false } = {}) {
  const known = moments.filter(({ wall_s }) => wall_s != null);
  const walls = known.map(({ wall_s }) => wall_s);
  if (coverage && known.length) {
    const [first, last] = [known[0], known.at(-1)];
    walls.push(first.wall_s + coverage.start_s - first.t_s, last.wall_s + coverage.end_s - last.t_s);
  }
  const now_s = base.now_s();
  const dated = !walls.every((wall_s) => isOfDay(wall_s, now_s));
  return moments.map(({ t_s, wall_s }) => {
    const text = base.text(t_s, { fine });
    if (wall_s == null) return { short: text, long: text };
    const wall = wallClock(wall_s, { dated });
    return base.wall ? { short: wall, long: wall } : { short: text, long: `${text} (${wall})` };
  });
}

const STEPS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
  3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
];

/** Where to write labels between two times: at round times, at least `least_s` apart. */
export function labels(from_s, to_s, least_s, base) {
  const step = STEPS_S.find((one) => one >= least_s) ?? Math.ceil(least_s / 604800) * 604800;
  const zone_s = base.wall ? -new Date(base.started_s * 1000).getTimezoneOffset() * 60 : 0;
  const origin = base.wall ? base.started_s + zone_s : 0;
  const found = [];
  for (let t = Math.ceil((from_s + origin) / step) * step - origin; t <= to_s; t += step) {
    const midnight = base.wall && (t + origin) % 86400 === 0;
    const wall = base.wall && wallClock(base.started_s + t, { seconds: step < 60, now_s: base.started_s + t });
    const date = midnight && new Date((base.started_s + t) * 1000);
    found.push({
      t_s: t,
      text: date ? `${pad(date.getMonth() + 1)}-${pad(date.getDate())}` : wall || clock(t),
    });
  }
  return found;
}
