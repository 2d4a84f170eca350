// A plan of the desk: its round between floor and target, its legs, and what was told of it.

import { element } from "./nodes.js";
import { show } from "./format.js";
import { Rows } from "./rows.js";

const legs = new WeakMap(); // card -> the rows of its legs
const told = new WeakMap(); // card -> what its list of lines shows

/** Show what fields alone cannot say in the card of a plan. */
export function showPlan(card, plan) {
  const isRunning = plan.state !== null;
  card.dataset.running = String(isRunning);
  hide(card.querySelector(".chip"), !isRunning);
  for (const box of card.querySelectorAll(".running")) hide(box, !isRunning);
  const button = card.querySelector("[data-round]");
  hide(button, !plan.round);
  button.dataset.round = plan.round ?? "";
  button.ariaLabel = `Explain round ${plan.round}`;
  put(card.querySelector(".again"), againText(plan.reentries));
  put(card.querySelector(".newest"), isRunning || !plan.lines.length ? "" : plan.lines[0].words);
  showGauge(card.querySelector(".gauge"), plan);
  showLegs(card, plan);
  showLines(card, plan.lines);
}

/** Let a click on a plan's button explain its round. */
export function connectPlans(explain) {
  document.getElementById("plans-rows").addEventListener("click", (event) => {
    const button = event.target.closest("[data-round]");
    if (button) explain(button.dataset.round);
  });
}

function againText(reentries) {
  if (!reentries.length) return "none";
  return reentries.map(({ of, after, left, most }) => `${of} after ${after}: ${left} of ${most}`).join(", ");
}

/** A track from the floor to the target (or as far as the floor is below zero) with the result on it. */
function showGauge(gauge, { pnl_paise: pnl, floor_paise: floor, target_paise: target }) {
  const isKnown = pnl !== null && (floor !== null || target !== null);
  hide(gauge, !isKnown);
  if (!isKnown) return;
  const low = Math.min(floor ?? -target, pnl, 0);
  const high = Math.max(target ?? Math.abs(floor), pnl, 0);
  const place = (paise) => `${high > low ? (100 * (paise - low)) / (high - low) : 50}%`;
  gauge.querySelector(".zero").style.left = place(0);
  gauge.querySelector(".now").style.left = place(pnl);
  gauge.dataset.tone = pnl > 0 ? "gain" : pnl < 0 ? "loss" : "";
  gauge.ariaLabel = `Result ${show(pnl, "signed")} between ${show(floor, "signed")} and ${show(target, "signed")}`;
}

function showLegs(card, plan) {
  let rows = legs.get(card);
  if (!rows) {
    const body = card.querySelector("tbody");
    body.id = `${card.id}-legs-rows`;
    rows = new Rows(body, document.getElementById("row-leg"), (leg) => leg.key, showLeg);
    legs.set(card, rows);
  }
  rows.show(plan.legs);
  hide(card.querySelector(".legs"), plan.legs.length === 0);
}

function showLeg(row, leg) {
  row.dataset.trade = leg.trade ?? "";
  row.toggleAttribute("data-waits", leg.state === "WAITING");
  row.querySelector("button").disabled = !leg.trade;
}

function showLines(card, lines) {
  const text = lines.map((line) => line.seq).join(" ");
  hide(card.querySelector(".told"), lines.length === 0);
  if (told.get(card) === text) return;
  told.set(card, text);
  card.querySelector("ol").replaceChildren(...lines.map(lineOf));
}

function lineOf({ at_ms: at, words }) {
  const item = document.createElement("li");
  const line = element("p", words);
  line.prepend(element("time", show(at, "time")), " ");
  item.append(line);
  return item;
}

function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function hide(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}
