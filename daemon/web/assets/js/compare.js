// Two runs side by side: totals, strategies, curves, and the trades that differ.

import { get } from "./api.js";
import { ChartSlot } from "./chart_slot.js";
import { show, tone } from "./format.js";

const at = (id) => document.getElementById(id);
const form = at("compare-form");
const result = at("compare-result");
const slot = new ChartSlot(at("compare-chart"), "curves");
const WORDS = {
  won: "Won", lost: "Lost", trades: "Trades", refused: "Refused", orders: "Entries", gross_paise: "Gross", charges_paise: "Charges",
  net_paise: "Net", day_low_paise: "Day's low", max_drawdown_paise: "Deepest drawdown", best_paise: "Best trade", worst_paise: "Worst trade",
};

const COLUMNS = {
  by_strategy: ["strategy", "a_trades", "b_trades", "a_net_paise", "b_net_paise", "difference_paise"],
  only: ["symbol", "strategy", "side", "entry_ms", "entry_paise", "exit_paise", "reason", "net_paise"],
  different: ["symbol", "strategy", "side", "entry_ms", "a_exit_paise", "b_exit_paise", "a_reason", "b_reason", "difference_paise"],
};

/** Let the form choose two runs: the address then names them. */
export function connectCompare() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = ["#compare", at("compare-a").value, at("compare-b").value].map(encodeRun).join("/");
  });
}

/** Offer the runs, and compare `a` with `b` where the address names them. */
export async function showCompare(a, b) {
  try {
    await offerRuns(a, b);
    if (a && b) showResult(await get("/api/compare", { a, b }), a, b);
  } catch (error) {
    at("compare-line").textContent = error.message;
  }
}

function encodeRun(part, index) {
  return index ? encodeURIComponent(part) : part;
}

async function offerRuns(a, b) {
  const names = (await get("/api/runs")).map((row) => row.run);
  offer(at("compare-a"), names, a ?? names[0]);
  offer(at("compare-b"), names, b ?? names[1] ?? names[0]);
}

function offer(select, names, chosen) {
  select.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
}

function showResult(found, a, b) {
  const net = found.b.net_paise - found.a.net_paise;
  at("compare-line").textContent = `${b} made ${show(net, "signed")} against ${a}, net.`;
  result.replaceChildren(
    totals(found.a, found.b, a, b),
    ...list("By strategy", found.by_strategy, COLUMNS.by_strategy),
    ...list("Trades that differ", found.different, COLUMNS.different),
    ...list("Trades of the first run alone", found.trades_only_a, COLUMNS.only),
    ...list("Trades of the second run alone", found.trades_only_b, COLUMNS.only),
  );
  result.hidden = false;
  slot.show(found.curves);
}

function totals(a, b, nameA, nameB) {
  const fields = Object.keys(a).filter((name) => name !== "run");
  const rows = fields.map((name) => [heading(label(name)), cell(a[name], name), cell(b[name], name), cell(difference(a[name], b[name]), name, true)]);
  return table("Totals", ["", nameA, nameB, "Difference"], rows);
}

function difference(a, b) {
  return a === null || b === null ? null : b - a;
}

function list(title, records, fields) {
  if (!records.length) return [];
  const rows = records.map((record) => fields.map((name) => cell(record[name], name)));
  return [table(`${title} (${records.length})`, fields.map(label), rows)];
}

function table(title, names, rows) {
  const node = document.createElement("table");
  node.className = "rows";
  node.createCaption().textContent = title;
  const head = node.createTHead().insertRow();
  for (const name of names) head.append(heading(name, "col"));
  for (const [index, node] of [...head.cells].entries()) {
    if (rows[0]?.[index]?.className === "num") node.className = "num";
  }
  const body = node.createTBody();
  for (const row of rows) body.insertRow().append(...row);
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.append(node);
  return scroll;
}

function heading(text, scope = "row") {
  const node = document.createElement("th");
  node.scope = scope;
  node.textContent = text;
  return node;
}

function cell(value, name, isSigned = false) {
  const as = formatOf(value, name, isSigned);
  const node = document.createElement("td");
  if (isNumber(name)) node.className = "num";
  node.textContent = show(value, as);
  node.dataset.field = name;
  node.dataset.value = value ?? "";
  node.dataset.tone = tone(value, as);
  return node;
}

const COUNTS = new Set(["won", "lost", "refused", "orders", "quantity"]);

function isNumber(name) {
  return name.endsWith("_paise") || name.endsWith("trades") || COUNTS.has(name);
}

function formatOf(value, name, isSigned) {
  if (name.endsWith("_ms")) return "daytime";
  if (name === "charges_paise" && !isSigned) return "rupees";
  if (name === "side") return "side";
  if (name.endsWith("_paise") && !/(entry|exit)_paise$/.test(name)) return "signed";
  if (name.endsWith("_paise")) return "rupees";
  return typeof value === "number" ? "count" : "text";
}

function label(name) {
  const [, which, what] = /^(?:([ab])_)?(.*?)(?:_paise|_ms)?$/.exec(name);
  const text = what.replaceAll("_", " ");
  const words = WORDS[name] ?? text.charAt(0).toUpperCase() + text.slice(1);
  return which ? `${words}, ${which === "a" ? "first" : "second"}` : words;
}
