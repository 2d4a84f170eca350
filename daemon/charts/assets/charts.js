/* The charts of the page and of the report: candles with what was traded on them, and curves of
   money over time. Times are UTC seconds and shown in IST, prices and amounts are rupees.
   Every text is set as text, never as markup; nothing is stored and nothing is fetched. */
(() => {
"use strict";

const IST_S = 19800, DAY_S = 86400;
const ALIVE_MAX = 6, ROWS_MAX = 2000;
const TAP_PX = 24;                       // how far from a fill a finger may land
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const FONT_PX = 12;
const FALLBACK = {
  ink: "#15202e", muted: "#5a6778", line: "#e2e7ee", accent: "#2457c5",
  gain: "#0a766b", loss: "#b23c0c", card: "#ffffff",
};
const dark = matchMedia("(prefers-color-scheme: dark)");

// --- numbers and times ---------------------------------------------------------------------------

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

// --- the frame around a picture --------------------------------------------------------------------

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Return the colours that the page's custom properties stand for, as rgb(). */
function coloursOf(element) {
  const probe = element.appendChild(make("span"));
  const found = {};
  for (const [name, fallback] of Object.entries(FALLBACK)) {
    probe.style.color = `var(--${name}, ${fallback})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

const faded = (colour, alpha) => colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

/** Build title, words, key, readout, picture and foot in `element`; `tables` gives the rows. */
function frameIn(element, data, {tables, link}) {
  const title = make("h3", "fno-title"), line = make("p", "fno-line");
  const key = make("p", "fno-key"), readout = make("p", "fno-readout");
  const picture = make("div", "fno-picture"), foot = make("p", "fno-foot");
  const button = make("button", "fno-button", "Rows"), rows = make("div", "fno-rows");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  rows.hidden = true;
  rows.tabIndex = 0;
  rows.setAttribute("role", "region");
  picture.tabIndex = 0;
  picture.setAttribute("role", "img");
  button.addEventListener("click", () => {
    rows.hidden = !rows.hidden;
    button.setAttribute("aria-expanded", String(!rows.hidden));
    fillRows();
  });
  foot.append(button);
  if (link) {
    const anchor = make("a", "", "Charts by TradingView");
    anchor.href = "https://www.tradingview.com/";
    anchor.rel = "noreferrer";
    anchor.target = "_blank";
    foot.append(anchor);
  }
  element.classList.add("fno-chart");
  element.replaceChildren(title, line, key, readout, picture, foot, rows);

  let current = data;
  function fillRows() {
    rows.replaceChildren(...(rows.hidden ? [] : tables(current)));
  }
  function tell(next) {
    current = next;
    title.textContent = next.title;
    line.textContent = next.line;
    picture.setAttribute("aria-label", `${next.title}. ${next.line} The button Rows lists the same as a table.`);
    rows.setAttribute("aria-label", `Rows of ${next.title}`);
    fillRows();
  }
  tell(data);
  return {picture, key, readout, tell};
}

/** Return a table with its caption; a cell that is a number is shown in rupees. */
function tableOf(caption, head, rows) {
  const table = make("table"), body = make("tbody"), top = make("tr");
  table.append(make("caption", "", caption), make("thead"), body);
  for (const name of head) {
    const cell = make("th", "", name);
    cell.scope = "col";
    top.append(cell);
  }
  table.tHead.append(top);
  for (const row of rows.slice(0, ROWS_MAX)) {
    const shown = make("tr");
    for (const cell of row)
      shown.append(typeof cell === "number" ? make("td", "fno-n", rupees(cell)) : make("td", "", cell ?? "\u2013"));
    body.append(shown);
  }
  if (rows.length > ROWS_MAX)
    table.caption.textContent += `: the first ${whole.format(ROWS_MAX)} of ${whole.format(rows.length)}`;
  return table;
}

/** Show in `key` what each colour means: [class, words] pairs. */
function fillKey(key, entries) {
  key.replaceChildren(...entries.map(([className, words]) => {
    const entry = make("span", "", words);
    entry.prepend(make("i", className));
    return entry;
  }));
}

/** Call `draw` when light turns to dark or back, and let Left and Right call `move`. */
function listen(picture, draw, move) {
  const keys = event => {
    const steps = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (steps || event.key === "Enter") { event.preventDefault(); move(steps || 0); }
  };
  dark.addEventListener("change", draw);
  picture.addEventListener("keydown", keys);
  return () => dark.removeEventListener("change", draw);
}

// --- candles ---------------------------------------------------------------------------------------

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

const fillColour = (fill, colours) =>
  fill.kind === "entry" ? colours.accent : fill.won === null ? colours.muted : fill.won ? colours.gain : colours.loss;

/** Return what is drawn over the bars: stops and targets as steps, trades as lines, fills as marks. */
function overlayOf(state) {
  let chart = null, series = null;
  const placed = [];                      // [x, y, fill] of the last drawing, for taps
  const x = t => {
    const times = state.times, at = Math.max(0, indexAt(times, t)), next = times[at + 1];
    const left = chart.timeScale().logicalToCoordinate(at);
    if (!state.isLine || next === undefined || t <= times[at]) return left;
    const width = chart.timeScale().logicalToCoordinate(at + 1) - left;
    return left + width * (t - times[at]) / (next - times[at]);
  };
  const y = price => series.priceToCoordinate(price);

  function drawSteps(context) {
    for (const {name, points} of state.data.steps) {
      context.strokeStyle = name === "target" ? state.colours.gain : state.colours.loss;
      context.setLineDash([2, 3]);
      context.beginPath();
      points.forEach(([t, price], at) => {
        if (price === null) return;
        const from = x(t), level = y(price);
        const until = at + 1 < points.length ? x(points[at + 1][0]) : x(state.times.at(-1));
        const joins = at > 0 && points[at - 1][1] !== null;
        if (joins) context.lineTo(from, level); else context.moveTo(from, level);
        context.lineTo(until, level);
      });
      context.stroke();
    }
  }

  function drawTrades(context) {
    const entries = new Map(state.data.fills.filter(fill => fill.kind === "entry").map(fill => [fill.trade, fill]));
    context.setLineDash([5, 3]);
    for (const fill of state.data.fills) {
      const entry = entries.get(fill.trade);
      if (fill.kind === "entry" || !entry) continue;
      context.strokeStyle = fillColour(fill, state.colours);
      context.beginPath();
      context.moveTo(x(entry.t), y(entry.price));
      context.lineTo(x(fill.t), y(fill.price));
      context.stroke();
    }
  }

  function drawFills(context) {
    const size = state.data.fills.length > 120 ? 4 : 6;
    placed.length = 0;
    context.setLineDash([]);
    for (const fill of state.data.fills) {
      const left = x(fill.t), top = y(fill.price), down = fill.side === "buy" ? size * 1.7 : -size * 1.7;
      placed.push([left, top + down / 2, fill]);
      context.beginPath();
      context.moveTo(left, top);
      context.lineTo(left + size, top + down);
      context.lineTo(left - size, top + down);
      context.closePath();
      context.fillStyle = fillColour(fill, state.colours);
      context.strokeStyle = state.colours.card;
      context.fill();
      context.stroke();
    }
  }

  const views = [{
    zOrder: () => "top",
    renderer: () => ({draw: target => target.useMediaCoordinateSpace(({context}) => {
      if (!state.times.length || y(state.low) === null) return;
      context.lineWidth = 1.5;
      drawSteps(context);
      drawTrades(context);
      context.lineWidth = 1;
      drawFills(context);
    })}),
  }];
  return {
    attached: given => ({chart, series} = given),
    updateAllViews: () => {},
    paneViews: () => views,
    autoscaleInfo: () => ({
      priceRange: {minValue: state.low, maxValue: state.high}, margins: {above: 14, below: 14},
    }),
    nearest(point) {
      const far = ([left, top]) => Math.hypot(left - point.x, top - point.y);
      const best = placed.reduce((a, b) => (a && far(a) <= far(b) ? a : b), null);
      return best && far(best) <= TAP_PX ? best[2] : null;
    },
  };
}

function chartOptions(colours, state) {
  const label = {labelBackgroundColor: colours.ink};
  return {
    autoSize: true,
    layout: {
      background: {color: "transparent"}, textColor: colours.muted, fontFamily: FONT, fontSize: FONT_PX,
      attributionLogo: false, panes: {separatorColor: colours.line},
    },
    grid: {vertLines: {color: "transparent"}, horzLines: {color: colours.line}},
    rightPriceScale: {borderColor: colours.line, scaleMargins: {top: 0.06, bottom: state.hasVolume ? 0.2 : 0.06}},
    timeScale: {
      borderColor: colours.line, timeVisible: true, secondsVisible: false, fixLeftEdge: true, fixRightEdge: true,
      minBarSpacing: 0.05,
    },
    crosshair: {mode: 0, vertLine: label, horzLine: label},
    localization: {
      locale: "en-IN", priceFormatter: rupees,
      timeFormatter: t => moment(t - IST_S, state.isDated),
    },
    // The page scrolls with the wheel and with a finger: a chart must not hold either fast.
    handleScroll: {mouseWheel: false, vertTouchDrag: false},
    handleScale: {mouseWheel: false},
  };
}

function seriesOptions(colours, state) {
  const quiet = {priceLineVisible: false, lastValueVisible: true};
  const hasPrices = state.data.candles.length > 0;
  if (state.isLine)
    return {...quiet, color: hasPrices ? colours.muted : "transparent", lineWidth: 1.5, lastValueVisible: false,
            crosshairMarkerVisible: hasPrices};
  return {...quiet, upColor: colours.gain, wickUpColor: colours.gain, borderUpColor: colours.gain,
          downColor: colours.loss, wickDownColor: colours.loss, borderDownColor: colours.loss};
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

/** Draw candles, or a line where a row is [t, price], with fills and steps over them. */
function candles(element, data) {
  const {createChart, CandlestickSeries, LineSeries, HistogramSeries} = LightweightCharts;
  const state = {colours: coloursOf(element)};
  take(state, data);
  const {picture, key, readout, tell} = frameIn(element, data, {tables: candleTables, link: true});
  const chart = createChart(picture, chartOptions(state.colours, state));
  const overlay = overlayOf(state);
  let series = null, volume = null, drawnAsLine = null, moved = false, cursor = -1;   // -1: the newest

  const shown = ([t, ...values]) => state.isLine
    ? {time: t + IST_S, ...(values[0] === null ? {} : {value: values[0]})}
    : {time: t + IST_S, open: values[0], high: values[1], low: values[2], close: values[3]};

  function place() {
    if (drawnAsLine === state.isLine) return;
    if (series) chart.removeSeries(series);
    series = chart.addSeries(state.isLine ? LineSeries : CandlestickSeries, {});
    series.attachPrimitive(overlay);
    drawnAsLine = state.isLine;
  }

  function placeVolume() {
    if (state.hasVolume && !volume) {
      volume = chart.addSeries(HistogramSeries, {
        priceScaleId: "", priceFormat: {type: "volume"}, lastValueVisible: false, priceLineVisible: false,
      });
      volume.priceScale().applyOptions({scaleMargins: {top: 0.84, bottom: 0}});
    }
    if (volume) {
      volume.applyOptions({color: faded(state.colours.muted, 0.35)});
      volume.setData(state.hasVolume ? state.bars.map(row => ({time: row[0] + IST_S, value: row[5] || 0})) : []);
    }
  }

  function draw() {
    state.colours = coloursOf(element);
    chart.applyOptions(chartOptions(state.colours, state));
    place();
    series.applyOptions(seriesOptions(state.colours, state));
    series.setData(state.bars.map(shown));
    placeVolume();
    fillKey(key, candleKey(state));
    if (cursor >= state.bars.length - 1) cursor = -1;
    say(cursor);
    if (!moved) chart.timeScale().fitContent();
  }

  function say(at) {
    if (state.bars.length) readout.textContent = barText(state, at < 0 ? state.bars.length - 1 : at);
  }

  function goTo(at) {
    if (!state.bars.length) return;
    cursor = Math.max(0, Math.min(state.bars.length - 1, at));
    const row = state.bars[cursor];
    const price = state.isLine ? priceAt(state, cursor) : row[4];
    chart.setCrosshairPosition(price, row[0] + IST_S, series);
    say(cursor);
  }

  const choose = fill =>
    element.dispatchEvent(new CustomEvent("fno-trade", {detail: {trade: fill.trade}, bubbles: true}));

  chart.subscribeCrosshairMove(at => {
    if (at.logical === undefined || !at.point) return;
    cursor = Math.max(0, Math.min(state.bars.length - 1, Math.round(at.logical)));
    say(cursor);
  });
  chart.subscribeClick(at => {
    if (!at.point) return;
    const fill = overlay.nearest(at.point);
    if (at.logical !== undefined) goTo(fill ? indexAt(state.times, fill.t) : Math.round(at.logical));
    if (!fill) return;
    readout.textContent = `${moment(fill.t, state.isDated)} \u00b7 ${fill.text}`;
    choose(fill);
  });
  chart.subscribeDblClick(() => { moved = false; chart.timeScale().fitContent(); });
  picture.addEventListener("pointermove", event => { moved = moved || event.buttons > 0; });
  picture.addEventListener("touchmove", () => { moved = true; }, {passive: true});
  const deafen = listen(picture, draw, steps => {
    if (steps) { goTo((cursor < 0 ? state.bars.length - 1 : cursor) + steps); return; }
    const here = state.data.fills.find(fill => indexAt(state.times, fill.t) === cursor);
    if (here) choose(here);
  });
  draw();
  return {
    update(next) { take(state, next); tell(next); draw(); },
    destroy() { deafen(); chart.remove(); element.replaceChildren(); },
  };
}

// --- curves ----------------------------------------------------------------------------------------

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

const CURVES = {
  net: {colour: "accent", width: 2, fill: 0.1},
  closed: {colour: "muted", width: 1.25, dash: [4, 3], isStepped: true},
  drawdown: {colour: "loss", width: 1.5, fill: 0.16, isStepped: true},
};
const OTHER_CURVES = [
  {colour: "accent", width: 2},
  {colour: "gain", width: 2, dash: [6, 3]},
  {colour: "loss", width: 2, dash: [2, 3]},
];

/** Return how each series is drawn: a lone kind as it is known, another of the same as it stands out. */
function looksOf(series) {
  const seen = new Set();
  let others = 0;
  return series.map(({kind}) => {
    const known = seen.has(kind) ? undefined : CURVES[kind];
    seen.add(kind);
    return known || OTHER_CURVES[(seen.has("net") ? 1 + others++ : others++) % OTHER_CURVES.length];
  });
}

/** Return columns of one time axis; a series without a value at a time has null there. */
function columnsOf(data) {
  const times = [...new Set(data.series.flatMap(one => one.points.map(point => point[0])))].sort((a, b) => a - b);
  return [times, ...data.series.map(one => {
    const values = new Map(one.points);
    return times.map(t => values.get(t) ?? null);
  })];
}

function curveTables(data) {
  const [times, ...columns] = columnsOf(data);
  return [tableOf("Rupees at each time", ["Time", ...data.series.map(one => one.name)],
    times.map((t, at) => [stamp(t), ...columns.map(column => column[at])]))];
}

function curveOptions(state, size) {
  const axis = {stroke: () => state.colours.muted, font: `${FONT_PX}px ${FONT}`, ticks: {show: false}};
  const grid = {stroke: () => state.colours.line, width: 1};
  const most = () => Math.max(2, Math.floor(state.plot ? state.plot.bbox.width / devicePixelRatio / 60 : 6));
  const labels = plot => state.axis.labels(plot.scales.x.min, plot.scales.x.max, most());
  return {
    ...size, legend: {show: false}, padding: [10, 22, 0, 0],
    cursor: {y: false, drag: {x: true, y: false}, points: {size: 7}},
    scales: {x: {time: false}, y: {range: (_, low, high) => {
      const [from, to] = [Math.min(low ?? 0, 0), Math.max(high ?? 0, 0)], air = (to - from || 2) / 16;
      return [from < 0 ? from - air : from, to > 0 || from === to ? to + air : to];
    }}},
    axes: [
      {...axis, grid: {show: false}, size: 28, splits: plot => labels(plot).map(label => label[0]),
       values: plot => labels(plot).map(label => label[1])},
      {...axis, grid, size: 58, space: 40, values: (_, splits) => splits.map(short)},
    ],
    series: [{}, ...looksOf(state.data.series).map(look => ({
      stroke: () => state.colours[look.colour], width: look.width, dash: look.dash, spanGaps: true,
      fill: look.fill ? () => faded(state.colours[look.colour], look.fill) : undefined,
      paths: look.isStepped ? uPlot.paths.stepped({align: 1}) : undefined, points: {show: false},
    }))],
    hooks: {setCursor: [plot => state.say(plot.cursor.idx)], draw: [plot => drawZero(plot, state.colours)]},
  };
}

function drawZero(plot, colours) {
  const {ctx: context, bbox} = plot, at = Math.round(plot.valToPos(0, "y", true)) + 0.5;
  context.save();
  context.strokeStyle = colours.muted;
  context.lineWidth = devicePixelRatio;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(bbox.left, at);
  context.lineTo(bbox.left + bbox.width, at);
  context.stroke();
  context.restore();
}

/** Draw amounts over time, nights cut out. */
function curves(element, data) {
  const state = {colours: coloursOf(element), plot: null};
  const {picture, key, readout, tell} = frameIn(element, data, {tables: curveTables, link: false});
  let columns = [];

  state.say = at => {
    const times = columns[0];
    if (!times.length) { readout.textContent = "no values"; return; }
    const here = at ?? times.length - 1;
    const values = state.data.series.map((one, i) => {
      let back = here;
      while (back > 0 && columns[i + 1][back] === null) back -= 1;
      const value = columns[i + 1][back];
      return value === null ? null : `${one.name} ${signed(value)}`;
    });
    const isDated = state.axis.days.length > 1;
    readout.textContent = [moment(times[here], isDated), ...values.filter(Boolean)].join(" \u00b7 ");
  };

  const sizeNow = () => ({width: Math.max(120, picture.clientWidth), height: Math.max(80, picture.clientHeight)});

  const placed = () => [columns[0].map(state.axis.x), ...columns.slice(1)];

  function draw() {
    state.colours = coloursOf(element);
    state.plot?.destroy();
    state.plot = null;
    if (columns[0].length) state.plot = new uPlot(curveOptions(state, sizeNow()), placed(), picture);
    state.say(null);
  }

  function takeData(next) {
    state.data = next;
    columns = columnsOf(next);
    state.axis = dayAxis(columns[0]);
    const looks = looksOf(next.series);
    const swatch = look => `${look.dash ? "fno-dash" : "fno-stroke"} ${look.colour}`;
    fillKey(key, next.series.map((one, at) => [swatch(looks[at]), one.name]));
  }

  /** Refresh values alone where the series are the same, so that a cursor and a zoom stay. */
  function update(next) {
    const names = one => one.series.map(each => each.kind + each.name).join("\n");
    const isSame = state.plot && names(next) === names(state.data) && next.series.some(one => one.points.length);
    takeData(next);
    tell(next);
    if (!isSame) { draw(); return; }
    const {min, max} = state.plot.scales.x, all = state.plot.data[0];
    const isWhole = min === all[0] && max === all.at(-1);
    state.plot.setData(placed(), isWhole);
    if (!isWhole) state.plot.setScale("x", {min, max});
    state.say(state.plot.cursor.idx);
  }

  const touch = event => {
    if (event.pointerType === "mouse" || !state.plot) return;
    const box = state.plot.over.getBoundingClientRect();
    state.plot.setCursor({left: event.clientX - box.left, top: event.clientY - box.top});
  };
  picture.addEventListener("pointerdown", touch);
  picture.addEventListener("pointermove", touch);
  const deafen = listen(picture, draw, steps => {
    if (!state.plot) return;
    const all = state.plot.data[0], at = state.plot.cursor.idx ?? all.length - 1;
    const next = Math.max(0, Math.min(all.length - 1, at + steps));
    state.plot.setCursor({left: state.plot.valToPos(all[next], "x"), top: 1});
  });
  const resized = new ResizeObserver(() => state.plot?.setSize(sizeNow()));
  takeData(data);
  draw();
  resized.observe(picture);
  return {
    update,
    destroy() { deafen(); resized.disconnect(); state.plot?.destroy(); element.replaceChildren(); },
  };
}

// --- made when seen --------------------------------------------------------------------------------

const seen = new Set();                  // watched elements that are in view or close to it
const watched = new Map();               // element -> {make, chart}
const observer = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    if (isIntersecting) seen.add(target); else seen.delete(target);
  }
  balance();
}, {rootMargin: "300px 0px"});
let isDue = false;
addEventListener("scroll", () => {
  if (isDue || seen.size <= ALIVE_MAX) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; balance(); });
}, {passive: true, capture: true});

/** Keep the charts alive that are nearest to the middle of the view, and no others. */
function balance() {
  const far = element => {
    const {top, bottom} = element.getBoundingClientRect();
    return Math.abs((top + bottom - innerHeight) / 2);
  };
  const near = new Set([...seen].map(element => [far(element), element])
    .sort((a, b) => a[0] - b[0]).slice(0, ALIVE_MAX).map(([, element]) => element));
  for (const [element, one] of watched) {
    if (!one.chart || near.has(element)) continue;
    element.style.minHeight = `${element.offsetHeight}px`;  // so that the page does not jump
    one.chart.destroy();
    one.chart = null;
  }
  for (const element of near) {
    const one = watched.get(element);
    if (one.chart) continue;
    one.chart = one.make();
    element.style.minHeight = "";
  }
}

/** Call `make` (it returns a chart) when `element` comes into view; return {destroy()}. */
function whenSeen(element, make) {
  element.classList.add("fno-chart");
  watched.set(element, {make, chart: null});
  observer.observe(element);
  return {
    destroy() {
      observer.unobserve(element);
      watched.get(element)?.chart?.destroy();
      watched.delete(element);
      seen.delete(element);
    },
  };
}

globalThis.FnoCharts = Object.freeze({candles, curves, whenSeen});
})();
