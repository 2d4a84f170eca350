// A trade opened by a click: its figures, its chart, and its life in the words of the journal.

import { get } from "./api.js";
import { ChartSlot } from "./chart_slot.js";
import { day, show, tone } from "./format.js";
import { say } from "./notices.js";

const dialog = document.getElementById("trade-dialog");
const title = document.getElementById("trade-title");
const facts = document.getElementById("trade-facts");
const life = document.getElementById("trade-life");
const chart = new ChartSlot(document.getElementById("trade-chart"), "candles");
const FACTS = [
  ["Trade", "trade", "text"], ["Strategy", "strategy", "text"], ["State", "state", "state"], ["Side", "side", "side"],
  ["Quantity", "quantity", "count"], ["Entry", "entry_paise", "rupees"], ["Entered", "entry_ms", "daytime"],
  ["Exit", "exit_paise", "rupees"], ["Exited", "exit_ms", "daytime"], ["Reason", "words", "text"],
  ["Gross", "gross_paise", "signed"], ["Charges", "charges_paise", "rupees"], ["Net", "net_paise", "signed"],
];
const STEP = /^(\d\d:\d\d:\d\d\S*)\s+(?:([A-Z_ ]+): )?(.*)$/;
let asked = 0;

/** Open the dialog on a trade. */
export async function openTrade(trade) {
  if (!trade) return;
  const mine = ++asked;
  try {
    const found = await get(`/api/trades/${encodeURIComponent(trade)}`);
    if (mine !== asked) return;
    showTrade(trade, found);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    await showChart(found.trade, mine);
  } catch (error) {
    if (mine === asked) say(error.message, false);
  }
}

/** Let the dialog close by its button, by Escape and by a click outside. */
export function connectTrade() {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    asked += 1;
    chart.clear();
  });
}

function showTrade(id, { trade, explain }) {
  title.textContent = `${trade.symbol ?? ""} ${show(trade.side, "side")}`.trim() || id;
  facts.replaceChildren(...FACTS.flatMap(([label, field, as]) => fact(label, field, as, trade)));
  life.replaceChildren(...steps(explain));
}

function fact(label, field, as, trade) {
  const value = trade[field];
  if (value === null || value === undefined || value === "") return [];
  const box = document.createElement("div");
  box.append(element("dt", label), element("dd", show(value, as)));
  box.lastElementChild.dataset.field = field;
  box.lastElementChild.dataset.value = String(value);
  box.lastElementChild.dataset.tone = tone(value, as);
  return [box];
}

/** Return a list item for each moment; indented lines belong to the moment above them. */
function steps(lines) {
  const items = [];
  for (const line of lines) {
    const step = STEP.exec(line);
    if (step) items.push(moment(step));
    else if (line.trim()) (/^\s/.test(line) && items.length ? items.at(-1) : newItem(items)).append(element("p", line.trim()));
  }
  return items;
}

function moment([, when, state, words]) {
  const item = document.createElement("li");
  const line = element("p", words);
  line.prepend(element("time", when), " ", ...(state ? [element("b", state.replaceAll("_", " ").toLowerCase()), " "] : []));
  item.append(line);
  return item;
}

function newItem(items) {
  items.push(document.createElement("li"));
  items.at(-1).className = "plain";
  return items.at(-1);
}

async function showChart(trade, mine) {
  chart.clear();
  if (!trade.symbol || !trade.entry_ms) return;
  const data = await get("/api/candles", { symbol: trade.symbol, day: day(trade.entry_ms) });
  if (mine === asked && data.candles.length) chart.show(data);
}

function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}
