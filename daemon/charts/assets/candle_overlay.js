/* What was traded, drawn over the bars: stops and targets as steps, trades as lines, fills as marks. */
(() => {
"use strict";
const {indexAt} = FnoChartParts;

const TAP_PX = 24;                       // how far from a fill a finger may land

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

Object.assign(FnoChartParts, {overlayOf});
})();
