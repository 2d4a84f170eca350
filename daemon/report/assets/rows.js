/* What the scripts of report and sweep page have in common: nodes, amounts, tables that sort.
   Everything they show of a name is set as text. */
(() => {
"use strict";

const money = new Intl.NumberFormat("en-IN", {minimumFractionDigits: 2, maximumFractionDigits: 2});
const counted = new Intl.NumberFormat("en-IN");
const rupees = paise => money.format(paise / 100).replace("-", "\u2212");
const signed = paise => (paise > 0 ? "+" : "") + rupees(paise);
const kindOf = paise => paise > 0 ? "gain" : paise < 0 ? "loss" : "even";

function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function makeButton(text, className, act) {
  const button = make("button", text, className);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

/** Let each heading sort by its column; `sorted` is called after. */
function sortable(table, sorted) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const key = (row, at) => {
    const cell = row.cells[at];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  heads.forEach((head, at) => head.querySelector("button")?.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].map(row => [key(row, at), row]);
    rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
    sorted();
  }));
}

/** Return [UTC seconds, rupees] of a packed curve. */
function unpack(flat) {
  const points = [];
  let t = 0, paise = 0;
  for (let at = 0; at < flat.length; at += 2)
    points.push([t += flat[at], (paise += flat[at + 1]) / 100]);
  return points;
}

globalThis.FnoRows = Object.freeze({
  make, makeButton, sortable, unpack, counted, rupees, signed, kindOf,
});
})();
