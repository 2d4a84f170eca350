/* The charts of the page and of the report: candles with what was traded on them, and curves of
   money over time. Times are UTC seconds and shown in IST, prices and amounts are rupees.
   The scripts before this one put what they have into FnoChartParts; FnoCharts is all that stays. */
(() => {
"use strict";
const {candles, curves, whenSeen} = FnoChartParts;

delete globalThis.FnoChartParts;
globalThis.FnoCharts = Object.freeze({candles, curves, whenSeen});
})();
