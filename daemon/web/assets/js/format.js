// Raw values of the contract (paise, UTC ms, seconds) as the text a trader reads, in en-IN and IST.

import { unbroken } from "./nodes.js";

const NOTHING = "—";
const MINUS = "−";
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

const exact = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("en-IN", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-IN", { notation: "compact", maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Kolkata", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const date = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Kolkata" });

/** Return paise as rupees with lakh grouping: 12345678 is 1,23,456.78. */
export function rupees(paise) {
  return withMinus(exact.format(Math.abs(paise) / 100), paise);
}

/** Return paise as rupees with the sign in front, also a plus. */
export function signedRupees(paise) {
  return paise > 0 ? "+" + rupees(paise) : rupees(paise);
}

/** Return paise as whole rupees with the sign of the currency. */
export function wholeRupees(paise) {
  return withMinus("₹" + whole.format(Math.abs(paise) / 100), Math.round(paise / 100));
}

/** Return paise as rupees in lakhs or crores: 2.17L, 1.05Cr. */
export function shortRupees(paise) {
  return withMinus("₹" + short.format(Math.abs(paise) / 100), Math.round(paise / 100));
}

/** Return a count with lakh grouping. */
export function count(number) {
  return withMinus(whole.format(Math.abs(number)), number);
}

/** Return UTC ms as the time of day in IST. */
export function time(ms) {
  return clock.format(ms);
}

/** Return UTC ms as YYYY-MM-DD in IST. */
export function day(ms) {
  return date.format(ms);
}

/** Return UTC ms as date and time in IST. */
export function dayAndTime(ms) {
  return `${day(ms)} ${time(ms)}`;
}

/** Return how old something is: 0.4 s, 12 s, 3 m 05 s, 2 h 10 m. */
export function age(ms) {
  if (ms < 9_950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  return duration(ms / 1000);
}

/** Return seconds as the two largest units that are not zero. */
export function duration(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  if (left < 60) return `${left} s`;
  if (left < HOUR_S) return `${Math.floor(left / 60)} m ${pad(left % 60)} s`;
  if (left < 2 * DAY_S) return `${Math.floor(left / HOUR_S)} h ${pad(Math.floor((left % HOUR_S) / 60))} m`;
  return `${Math.floor(left / DAY_S)} days`;
}

/** Return multiples of the risk at entry: +1.25 R. */
export function multiple(r) {
  const text = withMinus(Math.abs(r).toFixed(2), Number(r.toFixed(2)));
  return `${r > 0 ? "+" : ""}${text} R`;
}

function withMinus(text, number) {
  return number < 0 ? MINUS + text : text;
}

function pad(number) {
  return String(number).padStart(2, "0");
}

const SIDES = { buy: "LONG", long: "LONG", sell: "SHORT", short: "SHORT" };

/** Name of a format in the page's `data-as`, and how it shows a value that is known. */
const FORMATS = {
  text: String,
  rupees,
  signed: signedRupees,
  whole: wholeRupees,
  points: (paise) => `${rupees(paise)} pts`,
  count,
  lots: (lots) => (lots === 1 ? "1 lot" : `${count(lots)} lots`),
  time,
  day,
  daytime: dayAndTime,
  age,
  left: duration,
  r: multiple,
  side: (side) => SIDES[side.toLowerCase()] ?? side,
  state: (state) => state.toLowerCase().replaceAll("_", " "),
  kind: (kind) => kind.replaceAll("_", " "),
  order: String,
  exit_order: (isExit) => (isExit ? "exit" : "entry"),
  attempt: (number) => `#${number}`,
  near: (paise) => (paise <= 0 ? "reached" : `${rupees(paise)} pts`),
  ahead: (units) => `${count(units)} units at most`,
  at_first: (units) => `${count(units)} when it joined`,
  misses: (times) => (times ? `${count(times)} near misses` : ""),
  percent: (share) => `${(100 * share).toFixed(1)} %`,
  delta: (delta) => withMinus(Math.abs(delta).toFixed(2), delta),
  share: (share) => ` (${(100 * share).toFixed(1)} %)`,
  strike: (paise) => (paise % 100 ? rupees(paise) : whole.format(paise / 100)),
  own: (units) => `${units > 0 ? "+" : ""}${count(units)} yours`,
  words: (code) => code.replaceAll("_", " "),
  plan_state: (state) => state.toLowerCase(),
  by: (level) => `, by ${level}`,
  net: (isNet) => (isNet ? ", after charges" : ""),
  counted: (what) => (what === "net_open" ? ", with what is open" : ""),
  part: (part) => (part > 1 ? `part ${part}` : ""),
  errors: (errors) => (errors ? ` · ${count(errors)} errors` : ""),
  note: String,
  leaving: (reason) => ` · leaves: ${reason.replaceAll("_", " ")}`,
  trades: (trades) => ` · ${count(trades)} trades`,
  began: (ms) => ` · ${dayAndTime(ms)}`,
  running: (isRunning) => (isRunning ? "running" : ""),
};
const EMPTY_IF_UNKNOWN = new Set(["words", "share", "attempt", "at_first", "misses", "own", "by", "net", "counted", "plan_state", "note", "leaving", "part", "errors", "trades", "began", "running"]);

/** Return a value as the format named `as` shows it; a dash where it is not known. */
export function show(value, as) {
  if (value === null || value === undefined || value === "") return EMPTY_IF_UNKNOWN.has(as) ? "" : NOTHING;
  return unbroken(FORMATS[as](value));
}

/** Return the sign of a value as the word that gives it its colour. */
export function tone(value, as) {
  if (as === "signed" || as === "r") return value > 0 ? "gain" : value < 0 ? "loss" : "even";
  if (as === "order") return value === "BUY" ? "long" : "short";
  if (as === "side") return show(value, as) === "LONG" ? "long" : "short";
  return "";
}
