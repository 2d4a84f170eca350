// The panels of the desk: each shows the part of the snapshot that carries its name.

import { canCommand, exit, turn } from "./actions.js";
import { fieldNodes, fill } from "./fields.js";
import { showGtt } from "./gtts.js";
import { otherProduct } from "./order_form.js";
import { showPlan } from "./plans.js";
import { Rows } from "./rows.js";
import { tapeKey } from "./state.js";

const at = (id) => document.getElementById(id);
const byTrade = (record) => record.trade;
const table = (name, template, key, after) => new Rows(at(`${name}-rows`), at(template), key, after);

const tables = {
  open: table("open", "row-open", byTrade, showExit),
  untraded: table("untraded", "row-untraded", (record) => record.position, showLeave),
  untraded_orders: table("untraded_orders", "row-untraded-order", (record) => record.order, showChange),
  gtts: table("gtts", "row-gtt", (record) => record.gtt, showOrdersOf),
  waiting: table("waiting", "row-waiting", byTrade, showExit),
  closed: table("closed", "row-closed", (record) => `${record.trade}-${record.part}`),
  refused: table("refused", "row-refused", byTrade),
  strategies: table("strategies", "row-strategy", (record) => record.id, showSwitch),
  plans: table("plans", "row-plan", (record) => record.plan, showPlan),
  orders: table("orders", "row-order", (record) => record.order, showOwner),
  orders_over: table("orders_over", "row-order-over", (record) => record.order, showOwner),
  tape: table("tape", "row-tape", tapeKey, showTrade),
};
const pnlNodes = fieldNodes(at("pnl"));
let mayAct = null;

/** Show the named panels of a snapshot. */
export function showPanels(names, { panels, tape }) {
  if (names.includes("header")) showMayAct(panels);
  for (const name of names) {
    if (name === "pnl") showPnl(panels.pnl);
    else if (name === "tape") showTable("tape", tape);
    else if (name in tables) showTable(name, panels[name] ?? []);
  }
  const hasOrders = (panels.orders?.length ?? 0) + (panels.orders_over?.length ?? 0) > 0;
  hide(at("orders"), !hasOrders);
}

function showMayAct(panels) {
  const may = canCommand(panels.header);
  at("kill").hidden = at("order-new").hidden = at("gtt-new").hidden = !may;
  if (may === mayAct) return;
  mayAct = may;
  const withButtons = ["open", "waiting", "strategies", "untraded", "untraded_orders", "gtts"];
  for (const name of withButtons) showTable(name, panels[name] ?? []);
}

function showTable(name, records) {
  tables[name].show(records);
  const empty = document.querySelector(`[data-empty="${name}"]`);
  if (empty) hide(empty, records.length > 0);
  hide(document.querySelector(`[data-filled="${name}"]`), records.length === 0);
  const count = document.querySelector(`[data-count="${name}"]`);
  const text = records.length ? String(records.length) : "";
  if (count && count.textContent !== text) count.textContent = text;
}

function hide(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}

function showExit(row, record) {
  const button = row.querySelector('[data-act="exit"]');
  hide(button, !mayAct);
  const label = `${button.textContent} ${record.symbol}, ${record.trade}`;
  if (button.ariaLabel !== label) button.ariaLabel = label;
}

function showLeave(row, record) {
  hide(row.querySelector(".pair-of-buttons"), !mayAct || Boolean(record.closing));
  const [convert, exitButton] = row.querySelectorAll("[data-act]");
  convert.ariaLabel = `Convert ${record.symbol} from ${record.product} to ${otherProduct(record.product)}`;
  exitButton.ariaLabel = `Exit ${record.symbol}, ${record.product}`;
}

function showChange(row, record) {
  hide(row.querySelector(".pair-of-buttons"), !mayAct || record.can_change === false);
  for (const button of row.querySelectorAll("[data-act]")) {
    button.ariaLabel = `${button.textContent} ${record.symbol}, ${record.order}`;
  }
}

function showOrdersOf(row, record) {
  showGtt(row, record);
  hide(row.querySelector('[data-act="delete_gtt"]'), !mayAct);
}

function showSwitch(row, record) {
  const button = row.querySelector('[data-act="switch"]');
  button.disabled = !mayAct;
  const checked = String(record.is_on);
  if (button.getAttribute("aria-checked") !== checked) button.setAttribute("aria-checked", checked);
}

/** An order of no trade has nothing that explains it here. */
function showOwner(row, record) {
  row.dataset.trade = record.trade ?? "";
  row.querySelector("button").disabled = !record.trade;
}

function showTrade(row, record) {
  row.dataset.kind = record.kind;
  row.dataset.trade = record.trade ?? "";
  row.querySelector("button").disabled = !record.trade;
}

function showPnl(pnl) {
  fill(pnlNodes, pnl);
  const { daily_loss_limit_paise: limit, to_limit_paise: left } = pnl;
  showMeter(at("pnl-meter"), limit && left !== null ? 1 - left / limit : null, { warn: 50, bad: 80 });
  hide(at("untraded-sums"), (pnl.untraded_net_paise ?? null) === null);
  showMargin(pnl);
  const halted = at("pnl-halted");
  hide(halted, !pnl.halted);
  halted.textContent = pnl.halted ? `No new entries: ${pnl.halted}` : "";
}

function showMargin({ margin_used_paise: used, margin_free_paise: free, m2m_open_paise: marked }) {
  hide(at("margin"), (used ?? marked ?? null) === null);
  const isKnown = Number.isFinite(used) && Number.isFinite(free) && used > 0;
  const share = used + free > 0 ? used / (used + free) : 1;
  showMeter(at("margin-meter"), isKnown ? share : null, { warn: 75, bad: 90 });
}

/** Show a share from 0 to 1 as a bar, none for null; it is coloured from two percentages on. */
function showMeter(meter, share, { warn, bad }) {
  hide(meter, share === null);
  if (share === null) return;
  const used = Math.min(100, Math.max(0, Math.round(100 * share)));
  meter.setAttribute("aria-valuenow", String(used));
  meter.firstElementChild.style.width = `${used}%`;
  meter.dataset.tone = used >= bad ? "bad" : used >= warn ? "warn" : "";
}

/**
 * Let a click on a row's button do what it says: `acts[name](key, row)` of its `data-act`.
 * The second click of a double click is no wish of its own: an answer may have come between.
 */
export function connectRows(explain, acts = {}) {
  document.addEventListener("click", (event) => {
    if (event.detail > 1) return;
    const button = event.target.closest("[data-act]");
    const row = button?.closest("tr");
    if (!row) return;
    if (button.dataset.act === "explain") explain(tradeOf(row), row);
    else if (button.dataset.act === "exit") exit(button, row.dataset.key);
    else if (button.dataset.act === "switch") turn(button, row.dataset.key);
    else acts[button.dataset.act]?.(row.dataset.key, button);
  });
}

/** Return the trade of a row: of the tape's by its own mark, else by what it shows, else its key. */
function tradeOf(row) {
  return row.dataset.trade ?? row.querySelector('[data-field="trade"]')?.dataset.value ?? row.dataset.key;
}
