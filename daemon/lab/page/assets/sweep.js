/* The script of a sweep's page: filters and sorts its variants, and draws the curves of the best. */
(() => {
"use strict";

const {make, makeButton, sortable, unpack, counted} = FnoRows;
const data = JSON.parse(document.querySelector("#data").textContent);
const ROWS_MORE = 1000;
const find = selector => document.querySelector(selector);

const table = find("#variants");
const rows = table ? [...table.tBodies[0].rows] : [];
const rowsFirst = rows.filter(row => !row.classList.contains("later")).length;
let rowsShown = rowsFirst;
const moreRows = makeButton("", "button more", () => { rowsShown += ROWS_MORE; limitRows(); });
table?.parentElement.after(moreRows);

/** Lay out the first rows only, of those that the filters leave: thousands take seconds. */
function limitRows() {
  if (!table) return;
  let count = 0;
  for (const row of table.tBodies[0].rows) {
    if (!row.hidden) count += 1;
    row.classList.toggle("later", count > rowsShown);
  }
  moreRows.textContent = `More rows (${counted.format(count - rowsShown)})`;
  moreRows.hidden = count <= rowsShown;
}

// --- filters ---------------------------------------------------------------------------------------

const chosen = new Map();                // column -> text, "" for all
let text = "";

function apply() {
  const isShown = row => [...chosen].every(([at, value]) => !value || cellText(row, at) === value)
    && (!text || row.textContent.toLowerCase().includes(text));
  let count = 0;
  for (const row of rows) {
    row.hidden = !isShown(row);
    count += !row.hidden;
  }
  rowsShown = rowsFirst;
  limitRows();
  const isFiltered = text || [...chosen.values()].some(Boolean);
  find("#shown").textContent = isFiltered
    ? `${counted.format(count)} of ${counted.format(rows.length)} variants` : "";
}

const cellText = (row, at) => row.cells[at].firstChild.data.trim();

/** Return the values of a column in the order in which a person would list them. */
function valuesOf(at) {
  const order = new Intl.Collator("en-IN", {numeric: true});
  return [...new Set(rows.map(row => cellText(row, at)))].sort(order.compare);
}

function addFilters() {
  const box = find("#filters");
  if (!box) return;
  const within = 1 + Number(table.dataset.params);         // the column after those of parameters
  const fields = [];
  for (let at = 1; at <= within; at += 1) {
    const values = valuesOf(at);
    if (values.length < 2) continue;
    const label = make("label", table.tHead.rows[0].cells[at].textContent), select = make("select");
    select.append(new Option("all", ""), ...values.map(value => new Option(value, value)));
    select.addEventListener("change", () => { chosen.set(at, select.value); apply(); });
    label.append(select);
    box.append(label);
    fields.push(select);
  }
  const label = make("label", "Any text"), input = make("input");
  input.type = "search";
  input.id = "filter";
  input.addEventListener("input", () => { text = input.value.trim().toLowerCase(); apply(); });
  label.append(input);
  box.append(label, makeButton("Show all", "button", () => {
    for (const field of [...fields, input]) field.value = "";
    chosen.clear();
    text = "";
    apply();
  }));
  box.hidden = false;
}

// --- curves ----------------------------------------------------------------------------------------

function addCurves() {
  const element = find("#equity");
  if (!element) return;
  const series = Object.entries(data.curves).map(([name, flat], at) =>
    ({name, kind: at ? "other" : "net", points: unpack(flat)}));
  FnoCharts.whenSeen(element, () => FnoCharts.curves(element,
    {title: "Net P&L", line: element.dataset.line, unit: "rupees", series}));
}

document.querySelectorAll("table.sortable").forEach(one => sortable(one, limitRows));
limitRows();
addFilters();
addCurves();
})();
