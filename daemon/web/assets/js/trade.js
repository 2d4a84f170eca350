// A trade opened by a click: its figures, its chart, and its life in the words of the journal.

import { get } from "./api.js";
import { ChartSlot } from "./chart_slot.js";
import { day, show, tone } from "./format.js";
import { element } from "./nodes.js";
import { say } from "./notices.js";

const dialog = document.getElementById("trade-dialog");
const title = document.getElementById("trade-title");
const facts = document.getElementById("trade-facts");
const life = document.getElementById("trade-life");
const chart = new ChartSlot(document.getElementById("trade-chart"), "candles");
const FACTS = [
  ["Trade", "trade", "text"], ["Strategy", "strategy", "text"], ["State", "state", "state"], ["Quantity", "quantity", "count"],
  ["Product", "product", "text"], ["Asked", "created_ms", "daytime"], ["Stop asked", "asked_stop_paise", "rupees"],
  ["Target asked", "asked_target_paise", "rupees"],
];
const SUMS = [["Gross", "gross_paise", "signed"], ["Charges", "charges_paise", "rupees"], ["Net", "net_paise", "signed"]];
const STEP = /^(\d\d:\d\d:\d\d\S*)\s+(?:([A-Z_ ]+): )?(.*)$/;
let asked = 0;

/** Open the dialog on a trade of a run, or of this journal without one. */
export async function openTrade(trade, run = "") {
  if (!trade) return;
  const mine = ++asked;
  try {
    const query = run ? { run } : {};
    const found = await get(`/api/trade/${encodeURIComponent(trade)}`, query);
    if (mine !== asked) return;
    showTrade(found);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    dialog.dataset.run = run;
    await showChart(found.trade, query, mine);
  } catch (error) {
    if (mine === asked && !dialog.open) say(error.message, false);
  }
}

/** Open the dialog on a round of a plan. */
export async function openRound(round) {
  const mine = ++asked;
  try {
    const found = await get(`/api/round/${encodeURIComponent(round)}`);
    if (mine !== asked) return;
    chart.clear();
    title.textContent = `Round ${found.round}`;
    facts.replaceChildren();
    life.replaceChildren(...steps(found.explain));
    dialog.dataset.run = "";
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  } catch (error) {
    if (mine === asked) say(error.message, false);
  }
}

/** Let the dialog close by its button, by Escape and by a click outside. */
export function connectTrade() {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  addEventListener("hashchange", () => dialog.close());
  dialog.addEventListener("close", () => {
    asked += 1;
    chart.clear();
  });
}

function showTrade({ trade, explain }) {
  title.textContent = `${trade.symbol} ${show(trade.side, "side")}`;
  const fills = trade.fills.map((fill) => box(fill.kind === "entry" ? "Entry" : "Exit", fillText(fill)));
  const sums = trade.fills.length ? SUMS.flatMap(([label, field, as]) => fact(label, field, as, sumsOf(trade.fills))) : [];
  facts.replaceChildren(...FACTS.flatMap(([label, field, as]) => fact(label, field, as, trade)), ...fills, ...sums);
  life.replaceChildren(...steps(explain));
}

function fillText(fill) {
  return `${show(fill.quantity, "count")} at ${show(fill.price_paise, "rupees")}, ${show(fill.at_ms, "time")}`;
}

/** Return gross, charges and net of fills; charges come as rupees with all their decimals. */
function sumsOf(fills) {
  const sum = (value) => fills.reduce((total, fill) => total + value(fill), 0);
  const gross = sum((fill) => fill.gross_paise ?? 0);
  const charges = Math.round(sum((fill) => 100 * Number(fill.charges)));
  return { gross_paise: gross, charges_paise: charges, net_paise: gross - charges };
}

function fact(label, field, as, record) {
  const value = record[field];
  if (value === null || value === undefined || value === "") return [];
  const node = box(label, show(value, as));
  Object.assign(node.lastElementChild.dataset, { field, value: String(value), tone: tone(value, as) });
  return [node];
}

function box(label, text) {
  const node = document.createElement("div");
  node.append(element("dt", label), element("dd", text));
  return node;
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

async function showChart(trade, query, mine) {
  chart.clear();
  const data = await get("/api/candles", { ...query, symbol: trade.symbol, day: day(trade.created_ms) });
  if (mine === asked && data.candles.length + data.fills.length) chart.show(data);
}

