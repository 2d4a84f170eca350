/* The report's own script: sorts and filters its tables, adds up what is left, and makes the charts
   when they come into view. Everything it shows of a name is set as text. */
(() => {
"use strict";

const {make, makeButton, sortable, signed, rupees, counted, kindOf, unpack} = FnoRows;
const data = JSON.parse(document.querySelector("#data").textContent);
const CHARTS_FIRST = 6, CHARTS_MORE = 12, ROWS_MORE = 1000;
const find = selector => document.querySelector(selector);
const istDay = ms => new Date(ms + 19800000).toISOString().slice(0, 10);
const istTime = s => new Date((s + 19800) * 1000).toISOString().slice(11, 19);

// --- the exits, read from their table --------------------------------------------------------------

const trades = find("#trades");
const exits = trades ? [...trades.tBodies[0].rows].map(exitOf) : [];
const firstExit = new Map();
for (const exit of exits) if (!firstExit.has(exit.order)) firstExit.set(exit.order, exit);

function exitOf(row) {
  const text = at => row.cells[at].textContent, day = istDay(Number(row.cells[1].dataset.v));
  return {
    row, day, month: day.slice(0, 7), symbol: text(2), reason: row.cells[7].firstChild.data,
    strategy: text(11), order: text(12), gross: Number(row.cells[8].dataset.v),
    charges: Number(row.dataset.charges),              // millionths of a rupee
    isClosed: row.dataset.won !== undefined, isWon: row.dataset.won === "1",
  };
}

const rowsFirst = exits.filter(exit => !exit.row.classList.contains("later")).length;
let rowsShown = rowsFirst;
const moreRows = makeButton("", "button more", () => { rowsShown += ROWS_MORE; limitRows(); });
trades?.parentElement.after(moreRows);

/** Lay out the first rows only, of those that the filters leave: thousands take seconds. */
function limitRows() {
  if (!trades) return;
  let count = 0;
  for (const row of trades.tBodies[0].rows) {
    if (!row.hidden) count += 1;
    row.classList.toggle("later", count > rowsShown);
  }
  moreRows.textContent = `More rows (${counted.format(count - rowsShown)})`;
  moreRows.hidden = count <= rowsShown;
}

/** Add exits up as the report does: charges are exact and rounded once. Paise. */
function sumOf(some) {
  const gross = some.reduce((sum, exit) => sum + exit.gross, 0);
  const charges = Math.round(some.reduce((sum, exit) => sum + exit.charges, 0) / 10000);
  return {exits: some.length, gross, charges, net: gross - charges};
}

// --- filters and what follows them -----------------------------------------------------------------

const chosen = {strategy: "", symbol: "", day: "", reason: "", text: ""};
const isFiltered = () => Object.values(chosen).some(Boolean);
const matches = (exit, but = "") =>
  ["strategy", "symbol", "day", "reason"].every(by => by === but || !chosen[by] || exit[by] === chosen[by])
  && (!chosen.text || exit.row.textContent.toLowerCase().includes(chosen.text));

function showTotals(shown) {
  const put = (key, text, paise) => {
    const cell = find(`#total-${key}`);
    cell.textContent = text;
    if (paise !== undefined) cell.className = kindOf(paise);
  };
  const sum = sumOf(shown), closed = shown.filter(exit => exit.isClosed);
  put("trades", counted.format(closed.length));
  put("won", counted.format(closed.filter(exit => exit.isWon).length));
  put("exits", counted.format(sum.exits));
  put("gross", signed(sum.gross), sum.gross);
  put("charges", rupees(sum.charges));
  put("net", signed(sum.net), sum.net);
}

/** Let a table by day, month, strategy, symbol or reason show what the filters leave. */
function follower(table) {
  const rows = [...table.tBodies[0].rows], by = table.dataset.by;
  const whole = new Map(rows.map(row => [row, [...row.cells].slice(1).map(cell => cell.cloneNode(true))]));
  const put = (cell, text, value) => { cell.textContent = text; cell.dataset.v = value; };
  const restore = row => {
    row.hidden = false;
    whole.get(row).forEach((cell, at) => row.cells[at + 1].replaceWith(cell.cloneNode(true)));
  };
  return shown => {
    if (!isFiltered()) { rows.forEach(restore); return; }
    const groups = new Map();
    for (const exit of shown) {
      if (!groups.has(exit[by])) groups.set(exit[by], []);
      groups.get(exit[by]).push(exit);
    }
    const sums = rows.map(row => [row, sumOf(row.className ? [] : groups.get(row.cells[0].textContent) ?? [])]);
    const largest = Math.max(1, ...sums.map(([, sum]) => Math.abs(sum.net)));
    for (const [row, sum] of sums) {
      const [, count, gross, charges, net, bar] = row.cells, width = 50 * Math.abs(sum.net) / largest;
      row.hidden = sum.exits === 0;
      put(count, counted.format(sum.exits), sum.exits);
      put(gross, signed(sum.gross), sum.gross);
      put(charges, rupees(sum.charges), sum.charges);
      put(net, signed(sum.net), sum.net);
      gross.className = `n ${kindOf(sum.gross)}`;
      net.className = `n ${kindOf(sum.net)}`;
      const drawn = bar.firstElementChild, box = drawn.firstElementChild;
      drawn.setAttribute("class", kindOf(sum.net));
      box.setAttribute("x", sum.net < 0 ? 50 - width : 50);
      box.setAttribute("width", width);
    }
  };
}
const followers = [...document.querySelectorAll("table[data-by]")].map(follower);

/** Let the list of refused orders follow strategy, symbol, day and text; a reason there is a gate. */
function filterRefused() {
  for (const row of find("#refused")?.tBodies[0].rows ?? []) {
    const [at, symbol, , , , , strategy] = row.cells;
    row.hidden = Boolean(
      (chosen.strategy && strategy.textContent !== chosen.strategy)
      || (chosen.symbol && symbol.textContent !== chosen.symbol)
      || (chosen.day && istDay(Number(at.dataset.v)) !== chosen.day)
      || (chosen.text && !row.textContent.toLowerCase().includes(chosen.text)));
  }
}

function apply() {
  const shown = exits.filter(exit => matches(exit));
  const kept = new Set(shown);
  for (const exit of exits) exit.row.hidden = !kept.has(exit);
  rowsShown = rowsFirst;
  limitRows();
  showTotals(shown);
  followers.forEach(follow => follow(shown));
  filterRefused();
  find("#totals-of").textContent = isFiltered()
    ? `${counted.format(shown.length)} of ${counted.format(exits.length)} exits: `
      + "totals, tables and charts follow the filters"
    : wholeWords;
  listCharts(isFiltered() ? new Set(shown.map(exit => exit.order)) : null);
}

const wholeWords = find("#totals-of")?.textContent;

function addFilters() {
  const box = find("#filters");
  if (!box) return;
  const names = {strategy: "Strategy", symbol: "Symbol", day: "Day of exit", reason: "Reason"};
  const fields = Object.entries(names).map(([by, words]) => {
    const label = make("label", words), select = make("select");
    const values = [...new Set(exits.map(exit => exit[by]))].sort();
    select.id = `filter-${by}`;
    select.append(new Option("all", ""), ...values.map(value => new Option(value, value)));
    select.addEventListener("change", () => { chosen[by] = select.value; apply(); });
    label.append(select);
    box.append(label);
    return select;
  });
  const label = make("label", "Any text"), input = make("input");
  input.type = "search";
  input.id = "filter";
  input.addEventListener("input", () => { chosen.text = input.value.trim().toLowerCase(); apply(); });
  label.append(input);
  box.append(label, makeButton("Show all", "button", () => {
    for (const field of [...fields, input]) field.value = "";
    for (const by of Object.keys(chosen)) chosen[by] = "";
    apply();
  }));
  box.hidden = false;
}

// --- charts ----------------------------------------------------------------------------------------

function fillOf(chart, [after, paise, units, trade, gross, reason]) {
  const isEntry = gross === undefined, order = chart.trades[trade];
  const done = `${units > 0 ? "Buy" : "Sell"} ${counted.format(Math.abs(units))} at ${rupees(paise)}, ${order}`;
  return {
    t: chart.at + after, price: paise / 100, side: units > 0 ? "buy" : "sell", kind: isEntry ? "entry" : "exit",
    won: isEntry ? null : gross >= 0, trade: order, text: isEntry ? done : `${done}: ${reason}, ${signed(gross)}`,
  };
}

function stepsOf(chart, trade) {
  return ["stop", "target"].map((name, at) => ({
    name, trade,
    points: chart.levels[chart.trades.indexOf(trade)][at]
      .map(([after, paise]) => [chart.at + after, paise === null ? null : paise / 100]),
  })).filter(step => step.points.length);
}

/** Return the data of a chart with the fills of some trades, or of all. */
function candlesOf(chart, orders) {
  const isShown = order => !orders || orders.has(order);
  const fills = chart.fills.map(fill => fillOf(chart, fill)).filter(fill => isShown(fill.trade));
  const times = fills.map(fill => fill.t), count = new Set(fills.map(fill => fill.trade)).size;
  return {
    title: [chart.symbol, chart.day].filter(Boolean).join(", "),
    line: fills.length
      ? `${counted.format(count)} ${count === 1 ? "trade" : "trades"}, ${counted.format(fills.length)} fills, `
        + `${istTime(Math.min(...times))} to ${istTime(Math.max(...times))} IST.`
      : "Last prices; nothing was traded.",
    candles: unpack(chart.prices), fills,
    steps: chart.trades.filter(isShown).flatMap(trade => stepsOf(chart, trade)),
  };
}

let slots = [];

/** List the charts that have one of `orders`, or all, a few at a time. */
function listCharts(orders) {
  const place = find("#slots");
  if (!place) return;
  slots.forEach(slot => slot.destroy());
  slots = [];
  place.replaceChildren();
  const wanted = data.charts.filter(chart => !orders || chart.trades.some(trade => orders.has(trade)));
  let next = 0;
  const more = makeButton("", "button more", () => add(CHARTS_MORE));
  const add = count => {
    for (const chart of wanted.slice(next, next + count)) {
      const slot = make("div", undefined, "slot");
      place.append(slot);
      slots.push(FnoCharts.whenSeen(slot, () => FnoCharts.candles(slot, candlesOf(chart, orders))));
    }
    next = Math.min(wanted.length, next + count);
    more.textContent = `More charts (${counted.format(wanted.length - next)})`;
    more.hidden = next === wanted.length;
  };
  place.after(more);
  place.parentElement.querySelectorAll(".more").forEach(button => { if (button !== more) button.remove(); });
  add(CHARTS_FIRST);
}

function addCurves() {
  const series = (name, kind) => ({name, kind, points: unpack(data.curves[kind])});
  const all = {
    equity: ["Equity", [series("marked to market", "net"), series("closed trades", "closed")]],
    drawdown: ["Drawdown", [series("drawdown", "drawdown")]],
  };
  if (!data.curves.net.length) {                       // without marks the closed trades are the curve
    all.equity[1] = [{...series("closed trades", "closed"), kind: "net"}];
  }
  for (const [id, [title, lines]] of Object.entries(all)) {
    const element = find(`#${id}`);
    FnoCharts.whenSeen(element, () =>
      FnoCharts.curves(element, {title, line: element.dataset.line, unit: "rupees", series: lines}));
  }
}

// --- one trade, chosen in the table -----------------------------------------------------------------

let closeTrade = () => {};

function openTrade(exit) {
  closeTrade();
  const panel = find("#trade"), {order} = exit;
  const chart = data.charts.find(one => one.trades.includes(order));
  if (!chart) return;
  const rows = exits.filter(other => other.order === order).map(other => other.row);
  const story = rows.map(row => row.cells[2].title).find(title => title.includes("best")) ?? rows[0].cells[2].title;
  const own = candlesOf(chart, new Set([order]));
  const slot = make("div");
  const close = makeButton("Close", "button", () => { closeTrade(); exit.row.querySelector("button").focus(); });
  const head = make("div", undefined, "titled");
  head.append(make("p", `${exit.strategy}: ${story}`), close);
  panel.replaceChildren(head, slot);
  panel.hidden = false;
  for (const row of rows) row.setAttribute("aria-current", "true");
  const made = FnoCharts.candles(slot, {...own, candles: aroundOf(own)});
  panel.scrollIntoView({block: "nearest"});
  closeTrade = () => {
    made.destroy();
    panel.hidden = true;
    for (const row of rows) row.removeAttribute("aria-current");
    closeTrade = () => {};
  };
}

/** Return the prices of a trade's own life, with a margin. */
function aroundOf({candles, fills}) {
  const times = fills.map(fill => fill.t), from = Math.min(...times);
  const until = fills.some(fill => fill.kind === "exit") ? Math.max(...times) : Infinity;
  const margin = Math.max(600, until === Infinity ? 0 : 0.15 * (until - from));
  return candles.filter(([t]) => t >= from - margin && t <= until + margin);
}

trades?.tBodies[0].addEventListener("click", event => {
  const row = event.target.closest("tr"), exit = exits.find(one => one.row === row);
  if (exit) openTrade(exit);
});

document.querySelectorAll("table.sortable").forEach(table => sortable(table, limitRows));
limitRows();
addFilters();
if (find("#equity")) addCurves();
listCharts(null);
})();
