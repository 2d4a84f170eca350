/* A time axis without nights. */
(() => {
"use strict";
const {IST_S, istDay, time, date, indexAt} = FnoChartParts;

/** Return an axis without nights: each Indian day is as wide as its own data. */
function dayAxis(times) {
  const days = [];
  for (const t of times) {
    const last = days.at(-1);
    if (last && last.day === istDay(t)) last.end = t;
    else days.push({day: istDay(t), start: t, end: t});
  }
  const total = days.reduce((sum, day) => sum + Math.max(60, day.end - day.start), 0);
  const night = total * Math.min(0.02, 0.3 / Math.max(1, days.length));
  let left = 0;
  for (const day of days) {
    day.left = left;
    day.right = left + Math.max(60, day.end - day.start);
    left = day.right + night;
  }
  const starts = days.map(day => day.start), lefts = days.map(day => day.left);
  return {
    days,
    x(t) {
      const day = days[Math.max(0, indexAt(starts, t))];
      return day.left + Math.min(t - day.start, day.right - day.left);
    },
    /** Return the positions to label and their words: times within one day, else dates. */
    labels(low, high, most) {
      const from = Math.max(0, indexAt(lefts, low)), until = Math.max(from, indexAt(lefts, high));
      if (until > from) {
        const every = Math.ceil((until - from + 1) / most);
        return days.slice(from, until + 1).filter((_, at) => at % every === 0 && days[from + at].left >= low)
          .map(day => [day.left, date(day.start)]);
      }
      const day = days[from], begin = day.start + Math.max(0, low - day.left);
      const finish = day.start + Math.min(high, day.right) - day.left;
      const step = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360].map(minutes => minutes * 60)
        .find(seconds => (finish - begin) / seconds <= most) || 21600;
      const first = Math.ceil((begin + IST_S) / step) * step - IST_S, found = [];
      for (let t = first; t <= finish; t += step) found.push([day.left + t - day.start, time(t)]);
      return found;
    },
  };
}

Object.assign(FnoChartParts, {dayAxis});
})();
