/* Numbers and times as charts show them: rupees, en-IN, Indian time. Times are UTC seconds. */
(() => {
"use strict";
const IST_S = 19800, DAY_S = 86400;

const money = new Intl.NumberFormat("en-IN", {minimumFractionDigits: 2, maximumFractionDigits: 2});
const whole = new Intl.NumberFormat("en-IN");
const rupees = value => money.format(value).replace("-", "\u2212");
const signed = value => (value > 0 ? "+" : "") + rupees(value);

/** Return an axis label: 950, 12.5k, 1.25L (lakh), 3.1Cr (crore). */
function short(value) {
  const size = [[1e7, "Cr"], [1e5, "L"], [1e3, "k"]].find(([least]) => Math.abs(value) >= least);
  const text = size ? Number((value / size[0]).toPrecision(3)) + size[1] : String(Number(value.toFixed(2)));
  return text.replace("-", "\u2212");
}

const istDay = t => Math.floor((t + IST_S) / DAY_S);
const iso = t => new Date((t + IST_S) * 1000).toISOString();
const time = t => t % 60 ? iso(t).slice(11, 19) : iso(t).slice(11, 16);
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const date = t => `${iso(t).slice(8, 10)} ${MONTHS[iso(t).slice(5, 7) - 1]}`;
const stamp = t => `${iso(t).slice(0, 10)} ${iso(t).slice(11, 19)}`;
const moment = (t, isDated) => isDated ? `${date(t)} ${time(t)}` : time(t);

/** Return the last index of `times`, ascending, that is not after `t`; -1 before the first. */
function indexAt(times, t) {
  let low = -1, high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= t) low = middle; else high = middle - 1;
  }
  return low;
}

globalThis.FnoChartParts = {IST_S, whole, rupees, signed, short, istDay, time, date, stamp, moment, indexAt};
})();
