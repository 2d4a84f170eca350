// A GTT of the desk: its triggers with the orders behind them.

import { Rows } from "./rows.js";

const legs = new WeakMap(); // row -> the lines of its orders

/** Show what fields alone cannot say in the row of a GTT. */
export function showGtt(row, record) {
  let lines = legs.get(row);
  if (!lines) {
    const list = row.querySelector("ul");
    list.id = `${row.id}-legs-rows`;
    lines = new Rows(list, document.getElementById("row-gtt-leg"), (leg) => leg.when);
    legs.set(row, lines);
  }
  lines.show(record.legs);
  row.querySelector("[data-act]").ariaLabel = `Delete GTT ${record.gtt} of ${record.symbol}`;
}
