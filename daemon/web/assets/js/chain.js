// The option chain: asked for again and again while its panel is open and the page is seen.

import { get } from "./api.js";
import { show } from "./format.js";
import { Rows } from "./rows.js";

const EVERY_MS = 2_000;
const at = (id) => document.getElementById(id);
const panel = at("chain");
const choices = { underlying: at("chain-underlying"), expiry: at("chain-expiry") };
const rows = new Rows(at("chain-rows"), at("row-chain"), (row) => row.strike_paise, showRow);
let asking = 0;

/** Follow the panel: opened, it shows the chain; closed, nothing is asked for. */
export function connectChain() {
  panel.addEventListener("toggle", ask);
  for (const choice of Object.values(choices)) choice.addEventListener("change", ask);
  setInterval(() => {
    if (document.visibilityState === "visible" && panel.checkVisibility()) ask();
  }, EVERY_MS);
}

async function ask() {
  if (!panel.open) return;
  const mine = ++asking;
  try {
    const chain = await get("/api/chain", { underlying: choices.underlying.value, expiry: choices.expiry.value });
    if (mine === asking) showChain(chain);
  } catch (error) {
    if (mine === asking) put(at("chain-line"), error.message);
  }
}

function showChain(chain) {
  offer(choices.underlying, chain.underlyings, chain.underlying);
  offer(choices.expiry, chain.expiries, chain.expiry);
  at("chain-choice").hidden = chain.underlyings.length === 0;
  at("chain-table").hidden = chain.rows.length === 0;
  put(at("chain-line"), lineOf(chain));
  const hadRows = at("chain-rows").childElementCount > 0;
  rows.show(chain.rows.map(flat));
  if (!hadRows) bringIntoView(at("chain-rows").querySelector("[data-atm]"));
}

/** Scroll the table, and not the page, to a row. */
function bringIntoView(row) {
  const table = at("chain-table");
  if (row) table.scrollTop = row.offsetTop - table.clientHeight / 2;
}

function lineOf({ underlyings, rows: found, spot_paise: spot, forward_paise: forward, closes_ms: closes, clock_ms: clock }) {
  if (!underlyings.length) return "This account follows no option.";
  if (!found.length) return "No expiry of it is left.";
  const left = closes && clock ? `, closes in ${show((closes - clock) / 1000, "left")}` : "";
  return `Spot ${show(spot, "rupees")}, forward ${show(forward, "rupees")}${left}. IV and delta by Black-76 on the forward; a dash where a price is too old or implies none.`;
}

function offer(select, names, chosen) {
  const is = [...select.options].map((option) => option.value).join(" ");
  if (is !== names.join(" ")) select.replaceChildren(...names.map((name) => new Option(name, name)));
  if (document.activeElement !== select && chosen !== null) select.value = chosen;
}

/** Return a strike as one record, its calls' and puts' fields with a prefix. */
function flat({ strike_paise, is_atm, ce, pe }) {
  const sides = { strike_paise, is_atm };
  for (const [prefix, side] of [["ce", ce], ["pe", pe]]) {
    for (const name of ["oi", "iv", "delta", "bid_paise", "ask_paise", "ltp_paise", "own"]) sides[`${prefix}_${name}`] = side?.[name] ?? null;
  }
  return sides;
}

function showRow(row, record) {
  row.toggleAttribute("data-atm", record.is_atm);
  row.toggleAttribute("data-own", record.ce_own !== null || record.pe_own !== null);
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
