// Any day of this account and any run: its closed trades, page by page, and its charts.

import { get } from "./api.js";
import { rupees, signedRupees } from "./format.js";
import { clearHistoryCharts, connectHistoryCharts, showHistoryCharts } from "./history_charts.js";
import { Rows } from "./rows.js";

const at = (id) => document.getElementById(id);
const days = new Rows(at("days-rows"), at("row-day"), (row) => row.day, (row, { day }) => link(row, "day", day));
const runs = new Rows(at("runs-rows"), at("row-run"), (row) => row.run, (row, { run }) => link(row, "run", run));
const trades = new Rows(at("history-rows"), at("row-closed"), (row) => `${row.entry_ms}-${row.trade}-${row.part}`);
const sums = new Map(); // "day NAME" or "run NAME" -> the sums that the server made
let shown = { name: "", query: {}, rows: [], next: null };

/** Show the lists, and what `kind` ("day" or "run") and `name` choose from them. */
export async function showHistory(kind, name) {
  await showLists();
  mark(kind, name);
  if (kind && name) await showChosen(kind, name);
}

/** Let the button fetch the next page. */
export function connectHistory() {
  at("history-more").addEventListener("click", () => showPage().catch(complain));
  connectHistoryCharts(complain);
}

async function showLists() {
  try {
    const [foundDays, foundRuns] = await Promise.all([get("/api/days"), get("/api/runs")]);
    for (const row of foundDays) sums.set(`day ${row.day}`, row);
    for (const row of foundRuns) sums.set(`run ${row.run}`, row);
    days.show(foundDays);
    runs.show(foundRuns);
    at("days-empty").hidden = foundDays.length > 0;
    at("runs-empty").hidden = foundRuns.length > 0;
  } catch (error) {
    complain(error);
  }
}

async function showChosen(kind, name) {
  at("history-title").textContent = `Trades of ${name}`;
  shown = { name: `${kind} ${name}`, query: { [kind]: name }, rows: [], next: null };
  trades.show([]);
  at("view-history").dataset.run = kind === "run" ? name : "";
  clearHistoryCharts();
  try {
    const asked = shown;
    await showPage();
    if (asked !== shown) return;
    at("history-title").scrollIntoView({ block: "nearest" });
    await showHistoryCharts(kind, name);
  } catch (error) {
    complain(error);
  }
}

async function showPage() {
  const asked = shown;
  const { rows, next } = await get("/api/history", { ...asked.query, after: asked.next });
  if (asked !== shown) return;
  asked.rows.push(...rows);
  asked.next = next;
  trades.show(asked.rows);
  at("history-table").hidden = asked.rows.length === 0;
  at("history-more").hidden = next === null;
  at("history-line").textContent = totals(asked);
}

/** Return what the rows come to: the server's sums, as rows are rounded to a paisa each. */
function totals({ name, rows, next }) {
  if (!rows.length) return "Nothing was closed.";
  const exits = `${rows.length} exits${next === null ? "" : " so far"}`;
  const sum = sums.get(name);
  if (sum?.net_paise === undefined || sum.net_paise === null) return exits;
  const net = `net ${signedRupees(sum.net_paise)}`;
  if (sum.gross_paise === undefined) return `${exits}, in all ${net}`;
  return `${exits}, in all gross ${signedRupees(sum.gross_paise)}, charges ${rupees(sum.charges_paise)}, ${net}`;
}

function link(row, kind, name) {
  const hash = `#history/${kind}/${encodeURIComponent(name)}`;
  const anchor = row.querySelector("[data-pick]");
  if (anchor.getAttribute("href") !== hash) anchor.href = hash;
}

function mark(kind, name) {
  const hash = kind ? `#history/${kind}/${encodeURIComponent(name)}` : "";
  for (const anchor of document.querySelectorAll("#view-history [data-pick]")) {
    if (anchor.getAttribute("href") === hash) anchor.setAttribute("aria-current", "true");
    else anchor.removeAttribute("aria-current");
  }
}

function complain(error) {
  at("history-line").textContent = error.message;
}
