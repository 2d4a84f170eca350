// The charts next to the history: P&L, drawdown and candles of one day of what was chosen.

import { get } from "./api.js";
import { ChartSlot } from "./chart_slot.js";

const at = (id) => document.getElementById(id);
const slots = {
  equity: new ChartSlot(at("history-equity"), "curves"),
  drawdown: new ChartSlot(at("history-drawdown"), "curves"),
  candles: new ChartSlot(at("history-candles"), "candles"),
};
const dayChoice = at("history-day");
const symbolChoice = at("history-symbol");
let query = null; // {run} of a run, {} of this journal

/** Let the two choices change what is shown; `complain(error)` shows what went wrong. */
export function connectHistoryCharts(complain) {
  dayChoice.addEventListener("change", () => showDay(query).catch(complain));
  symbolChoice.addEventListener("change", () => showCandles(query).catch(complain));
}

/** Take all charts away. */
export function clearHistoryCharts() {
  query = null;
  at("history-choice").hidden = true;
  for (const slot of Object.values(slots)) slot.clear();
}

/** Show the charts of a day of this journal, or of the newest day of a run. */
export async function showHistoryCharts(kind, name) {
  const asked = kind === "run" ? { run: name } : {};
  query = asked;
  const days = kind === "run" ? (await get("/api/days", asked)).map((row) => row.day) : [name];
  if (asked !== query || !days.length) return;
  offer(dayChoice, days);
  await showDay(asked);
}

async function showDay(asked) {
  const day = dayChoice.value;
  const [{ rows }, { equity, drawdown }] = await Promise.all([
    get("/api/history", { ...asked, day }), get("/api/curves", { ...asked, day }),
  ]);
  if (asked !== query || day !== dayChoice.value) return;
  slots.equity.show(equity);
  slots.drawdown.show(drawdown);
  offer(symbolChoice, [...new Set(rows.map((row) => row.symbol))]);
  at("history-choice").hidden = dayChoice.length < 2 && symbolChoice.length < 2;
  await showCandles(asked);
}

async function showCandles(asked) {
  const [day, symbol] = [dayChoice.value, symbolChoice.value];
  if (!symbol) {
    slots.candles.clear();
    return;
  }
  const data = await get("/api/candles", { ...asked, symbol, day });
  if (asked === query && day === dayChoice.value && symbol === symbolChoice.value) slots.candles.show(data);
}

/** Offer names; the choice is hidden where there is none. */
function offer(choice, names) {
  const chosen = names.includes(choice.value) ? choice.value : names[0];
  choice.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
  choice.parentElement.hidden = names.length < 2;
}
