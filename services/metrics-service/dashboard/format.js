// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const NOTHING = "–";

export const count = (number) => (number == null ? NOTHING : whole.format(number));

export function rate(number) {
  if (number == null) return NOTHING;
  if (number === 0) return "0";
  if (number < 0.1) return "< 0.1";
  return number < 100 ? number.toFixed(1) : whole.format(number);
}

/** Seconds, with the unit that suits. */
export function duration(seconds) {
  if (seconds == null) return NOTHING;
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${Math.max(1, Math.round(seconds * 1e6))} µs`;
  if (seconds < 0.0995) return `${trim((seconds * 1e3).toFixed(1))} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1e3)} ms`;
  if (seconds < 99.5) return `${trim(seconds.toFixed(seconds < 9.995 ? 2 : 1))} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export const clockTime = (millis) => clock.format(millis);
export const minuteTime = (millis) => minute.format(millis);
export const fullTime = (millis) => dayAndTime.format(millis);

const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
