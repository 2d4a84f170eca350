// GTTs by hand: the form of a new one, shown as a sentence and confirmed before it is placed, and
// the question before one is deleted.

import { placedGtt, problemOfGtt, sentenceOfGtt, sentenceOfListed } from "./gtt_form.js";
import { ask, contracts, loadContracts, newId, once } from "./ticket.js";

const at = (id) => document.getElementById(id);
const NAMES = ["symbol", "kind", "side", "quantity", "trigger", "price", "trigger2", "price2"];

let asked = null; // what is shown for confirmation, with its id

/** Connect the dialog. */
export function connectGttEntry() {
  at("gtt-new").addEventListener("click", open);
  at("gtt-close").addEventListener("click", () => at("gtt-dialog").close());
  at("gtt-back").addEventListener("click", () => showStage(null));
  at("gtt-send").addEventListener("click", send);
  at("gtt-kind").addEventListener("change", showFields);
  at("gtt-form").addEventListener("submit", (event) => {
    event.preventDefault();
    review();
  });
}

async function open() {
  at("gtt-problem").textContent = "";
  showStage(null);
  showFields();
  at("gtt-dialog").showModal();
  at("gtt-symbol").focus();
  await loadContracts();
}

function showFields() {
  const isOne = at("gtt-kind").value !== "two-leg";
  at("gtt-trigger2-label").hidden = at("gtt-price2-label").hidden = isOne;
}

function review() {
  const values = Object.fromEntries(NAMES.map((name) => [name, at(`gtt-${name}`).value.trim()]));
  values.symbol = values.symbol.toUpperCase();
  const problem = problemOfGtt(values, contracts.get(values.symbol));
  at("gtt-problem").textContent = problem;
  if (!problem) showStage({ order: placedGtt(values), clientId: newId(), text: sentenceOfGtt(values) });
}

/** Show the form, or what would be placed. */
function showStage(next) {
  asked = next;
  at("gtt-form").hidden = asked !== null;
  at("gtt-review").hidden = asked === null;
  if (!asked) return;
  at("gtt-sentence").textContent = asked.text;
  at("gtt-back").focus();
}

async function send() {
  const { order, clientId } = asked;
  const isDone = await once(at("gtt-send"), () => ask(order, clientId));
  if (isDone) at("gtt-dialog").close();
}

/** Ask whether a GTT of the desk is to be deleted, and delete it; `button` is its own. */
export function confirmDeletion(record, button) {
  if (!record) return;
  const dialog = at("gtt-delete-dialog");
  at("gtt-delete-text").textContent = sentenceOfListed(record);
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") once(button, () => ask({ do: "delete_gtt", gtt_id: record.gtt }));
  }, { once: true });
  dialog.showModal();
}
