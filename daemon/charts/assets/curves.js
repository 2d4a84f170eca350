/* The chart of curves: amounts over time. */
(() => {
"use strict";
const {
  signed, short, stamp, moment, FONT, FONT_PX, coloursOf, faded, frameIn, tableOf, fillKey,
  listen, dayAxis,
} = FnoChartParts;

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

Object.assign(FnoChartParts, {curves});
})();
