/* The chart of candles, or of a line of prices. */
(() => {
"use strict";
const {
  IST_S, rupees, moment, indexAt, FONT, FONT_PX, coloursOf, faded, frameIn, fillKey, listen,
  take, candleTables, priceAt, barText, candleKey, overlayOf,
} = FnoChartParts;

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

Object.assign(FnoChartParts, {candles});
})();
