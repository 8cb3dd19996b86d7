const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in its two largest units: `4.2s`, `1m05s`, `3h07m`, `2d04h`. */
export function durationText(ms: number): string {
  const total = Math.max(0, ms);
  if (total < 10 * SECOND) return `${(total / SECOND).toFixed(1)}s`;
  if (total < MINUTE) return `${Math.floor(total / SECOND)}s`;
  if (total < HOUR) return pair(total, MINUTE, "m", SECOND, "s");
  if (total < DAY) return pair(total, HOUR, "h", MINUTE, "m");
  return pair(total, DAY, "d", HOUR, "h");
}

/** The time since a moment, in one unit: `now`, `12 s ago`, `5 min ago`, `3 h ago`, `9 days ago`. */
export function agoText(ms: number): string {
  if (ms < 2 * SECOND) return "now";
  if (ms < 2 * MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < 2 * HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} days ago`;
}

/** A time of day of this machine, `14:03:07`; with its date if that is not today's. */
export function clockText(at: string | number, now: number): string {
  const time = new Date(at);
  const day = (date: Date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return day(time) === day(new Date(now)) ? clock : `${day(time)} ${clock}`;
}

function pair(ms: number, large: number, name: string, small: number, unit: string): string {
  return `${Math.floor(ms / large)}${name}${two(Math.floor((ms % large) / small))}${unit}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
