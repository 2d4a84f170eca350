// The charts of the desk: candles of a chosen instrument, P&L and drawdown of the day.

import { get } from "./api.js";
import { ChartSlot } from "./chart_slot.js";
import { engineTime } from "./clock.js";
import { day } from "./format.js";

const FRESH_MS = 5_000;
const SOON_MS = 400;
const at = (id) => document.getElementById(id);
const slots = {
  candles: new ChartSlot(at("chart-candles"), "candles"),
  equity: new ChartSlot(at("chart-equity"), "curves"),
  drawdown: new ChartSlot(at("chart-drawdown"), "curves"),
};
const choice = at("chart-symbol");
let symbols = [];
let isDue = true;
let isInView = false;
let isBusy = false;

/** Keep the charts fresh while they are in view; `isLive()` says whether the server answers. */
export function connectCharts(isLive) {
  const section = at("charts");
  new IntersectionObserver((seen) => {
    isInView = seen.some((entry) => entry.isIntersecting);
    if (isInView && isLive()) refresh();
  }, { rootMargin: "200px" }).observe(section);
  choice.addEventListener("change", () => { isDue = true; refresh(); });
  setInterval(() => { if (isInView && isLive() && !document.hidden) refresh(); }, FRESH_MS);
}

/** Take the instruments that the snapshot speaks of; a new fill makes the charts due at once. */
export function offerSymbols(names, { panels }) {
  if (!names.some((name) => name === "open" || name === "closed" || name === "header")) return;
  const rows = [...panels.open, ...panels.waiting, ...panels.closed];
  const found = [...new Set(rows.map((row) => row.symbol))];
  isDue ||= panels.header.mode === "live" || panels.header.mode === "paced";
  if (found.join() === symbols.join()) return;
  symbols = found;
  showChoice();
  if (isInView) setTimeout(refresh, SOON_MS);
}

function showChoice() {
  const chosen = symbols.includes(choice.value) ? choice.value : symbols[0];
  choice.replaceChildren(...symbols.map((symbol) => new Option(symbol, symbol, false, symbol === chosen)));
  choice.hidden = symbols.length < 2;
  isDue = true;
}

async function refresh() {
  const clock = engineTime();
  if (isBusy || !isDue || !clock) return;
  isBusy = true;
  isDue = false;
  try {
    const today = day(clock);
    const curves = await get("/api/curves", { day: today });
    slots.equity.show(curves.equity);
    slots.drawdown.show(curves.drawdown);
    if (choice.value) slots.candles.show(await get("/api/candles", { symbol: choice.value, day: today }));
    at("charts-empty").hidden = true;
  } catch (error) {
    isDue = true;
    at("charts-empty").textContent = error.message;
    at("charts-empty").hidden = false;
  } finally {
    isBusy = false;
  }
}
