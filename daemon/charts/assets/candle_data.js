/* What the chart of candles shows, worked out of its data: bars, range, words, tables. */
(() => {
"use strict";
const {whole, rupees, istDay, stamp, moment, indexAt, tableOf} = FnoChartParts;

/** Return bars, or [t, price] of a line, by time. A line has a place for each fill and step too,
    without a price: its own points may be far apart. Without any price the fills are the line. */
function barsOf(data) {
  const isLine = !data.candles.length || data.candles[0].length < 5;
  const events = data.fills.map(fill => fill.t);
  for (const step of data.steps) events.push(...step.points.map(point => point[0]));
  const byTime = new Map(isLine ? events.map(t => [t, [t, null]]) : []);
  const known = data.candles.length ? data.candles : data.fills.map(fill => [fill.t, fill.price]);
  for (const row of known) byTime.set(row[0], row);
  return [...byTime.values()].sort((a, b) => a[0] - b[0]);
}

/** Work out everything that drawing needs from the data. */
function take(state, data) {
  const bars = barsOf(data), width = bars.length ? bars[0].length : 2;
  const prices = [
    ...bars.flatMap(row => row.slice(1, 5)), ...data.fills.map(fill => fill.price),
    ...data.steps.flatMap(step => step.points.map(point => point[1])),
  ].filter(price => typeof price === "number");
  let low = Infinity, high = -Infinity;
  for (const price of prices) { low = Math.min(low, price); high = Math.max(high, price); }
  Object.assign(state, {
    data, bars, low, high,
    isLine: width < 5,
    times: bars.map(row => row[0]),
    hasVolume: width > 5 && bars.some(row => row[5]),
    isDated: bars.length > 0 && istDay(bars[0][0]) !== istDay(bars.at(-1)[0]),
  });
}

function candleTables(data) {
  const bars = barsOf(data), isLine = bars.length && bars[0].length < 5;
  const steps = data.steps.flatMap(step => step.points.map(([t, price]) => [stamp(t), step.name, step.trade, price]));
  return [
    data.fills.length && tableOf("Fills", ["Time", "Trade", "Side", "Kind", "Price", "Words"],
      data.fills.map(fill => [stamp(fill.t), fill.trade, fill.side, fill.kind, fill.price, fill.text])),
    steps.length && tableOf("Stops and targets", ["Time", "Level", "Trade", "Price"], steps),
    data.candles.length && (isLine
      ? tableOf("Prices", ["Time", "Price"], data.candles.map(([t, price]) => [stamp(t), price]))
      : tableOf("Candles", ["Time", "Open", "High", "Low", "Close", "Volume"],
        bars.map(([t, open, high, low, close, volume]) =>
          [stamp(t), open, high, low, close, typeof volume === "number" ? whole.format(volume) : null]))),
  ].filter(Boolean);
}

/** Return the last price of a line at a place or before it, else the first after it. */
function priceAt(state, at) {
  const isKnown = row => row[1] !== null;
  return (state.bars.slice(0, at + 1).findLast(isKnown) ?? state.bars.find(isKnown))[1];
}

function barText(state, at) {
  const [t, ...values] = state.bars[at];
  const words = state.isLine
    ? [rupees(priceAt(state, at))]
    : ["O", "H", "L", "C"].map((name, i) => `${name} ${rupees(values[i])}`);
  if (values[4]) words.push(`volume ${whole.format(values[4])}`);
  const there = state.data.fills.filter(fill => indexAt(state.times, fill.t) === at).map(fill => fill.text);
  return [moment(t, state.isDated), words.join("  "), ...there].join(" \u00b7 ");
}

function candleKey(state) {
  const has = (list, test) => list.some(test), {fills, steps} = state.data;
  return [
    has(fills, fill => fill.kind === "entry") && ["fno-mark accent", "entry: \u25b2 buy, \u25bc sell"],
    has(fills, fill => fill.won === true) && ["fno-mark gain", "exit with a gain"],
    has(fills, fill => fill.won === false) && ["fno-mark loss", "exit with a loss"],
    has(steps, step => step.name === "stop") && ["fno-dash loss", "stop"],
    has(steps, step => step.name === "target") && ["fno-dash gain", "target"],
  ].filter(Boolean);
}

Object.assign(FnoChartParts, {take, candleTables, priceAt, barText, candleKey});
})();
