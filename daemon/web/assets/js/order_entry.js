// Orders by hand: the form of a new one and of a change, cancels, and exits of positions without a
// trade. Everything that trades is shown as a sentence and confirmed before it is sent.

import { confirmDeletion, connectGttEntry } from "./gtt_entry.js";
import { ask, contracts, loadContracts, newId, once } from "./ticket.js";
import { hasPrice, hasTrigger, modified, otherProduct, placed, problemOf, sentenceOf } from "./order_form.js";

const at = (id) => document.getElementById(id);
const NAMES = ["symbol", "side", "quantity", "product", "type", "price", "trigger", "validity", "minutes", "tag"];
const FIXED = ["symbol", "side", "product", "tag"]; // what a modification cannot change

let changes = null; // the order that the form changes, null for a new one
let asked = null; // what is shown for confirmation, with its id

/** Connect the dialogs; return what the buttons of rows do. `find(panel, field, key)` finds a record. */
export function connectOrderEntry(find) {
  connectGttEntry();
  at("order-new").addEventListener("click", () => openForm(null));
  at("order-close").addEventListener("click", () => at("order-dialog").close());
  at("order-back").addEventListener("click", () => showStage(null));
  at("order-send").addEventListener("click", send);
  for (const name of ["type", "validity"]) at(`order-${name}`).addEventListener("change", showFields);
  at("order-form").addEventListener("submit", (event) => {
    event.preventDefault();
    review();
  });
  return {
    change: (key) => openForm(find("untraded_orders", "order", key)),
    cancel: (key, button) => once(button, () => ask({ do: "cancel", order_id: key })),
    leave: (key) => confirmExit(find("untraded", "position", key)),
    convert: (key) => confirmConvert(find("untraded", "position", key)),
    delete_gtt: (key, button) => confirmDeletion(find("gtts", "gtt", Number(key)), button),
  };
}

// the form

async function openForm(record) {
  changes = record ?? null;
  at("order-title").textContent = changes ? `Change ${changes.order}` : "New order";
  for (const name of FIXED) at(`order-${name}`).disabled = changes !== null;
  at("order-tag-label").hidden = changes !== null;
  if (changes) fillFrom(changes);
  at("order-problem").textContent = "";
  showStage(null);
  showFields();
  if (!at("order-dialog").open) at("order-dialog").showModal();
  at(changes ? "order-price" : "order-symbol").focus();
  await loadContracts();
}

function fillFrom(record) {
  const rupees = (paise) => (paise === null ? "" : (paise / 100).toFixed(2));
  const values = {
    symbol: record.symbol, side: record.side === "LONG" ? "BUY" : "SELL", quantity: record.quantity,
    product: record.product, type: record.kind, price: rupees(record.price_paise),
    trigger: rupees(record.trigger_paise), validity: record.validity ?? "DAY", minutes: "", tag: "",
  };
  for (const name of NAMES) at(`order-${name}`).value = values[name];
}

function showFields() {
  const { type, validity } = values();
  at("order-price-label").hidden = !hasPrice(type);
  at("order-trigger-label").hidden = !hasTrigger(type);
  at("order-minutes-label").hidden = validity !== "TTL";
}

function values() {
  return Object.fromEntries(NAMES.map((name) => [name, at(`order-${name}`).value.trim()]));
}

function review() {
  const written = values();
  written.symbol = written.symbol.toUpperCase();
  const problem = problemOf(written, contracts.get(written.symbol));
  at("order-problem").textContent = problem;
  if (problem) return;
  const order = changes ? modified(changes.order, written) : placed(written);
  showStage({ order, clientId: newId(), text: sentenceOf(written) });
}

/** Show the form, or what would be sent. */
function showStage(next) {
  asked = next;
  at("order-form").hidden = asked !== null;
  at("order-review").hidden = asked === null;
  if (!asked) return;
  at("order-sentence").textContent = asked.text;
  at("order-back").focus();
}

async function send() {
  const { order, clientId } = asked;
  const isDone = await once(at("order-send"), () => ask(order, clientId));
  if (isDone) at("order-dialog").close();
}

// exits

function confirmExit(record) {
  if (!record) return;
  const dialog = at("leave-dialog");
  at("leave-text").textContent = `${record.quantity} ${record.symbol}, ${record.product}: its orders are `
    + "cancelled and it is closed at the market, protected. On paper.";
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    ask({ do: "exit", tradingsymbol: record.symbol, product: record.product });
  }, { once: true });
  dialog.showModal();
}

function confirmConvert(record) {
  if (!record) return;
  const dialog = at("convert-dialog"), quantity = at("convert-quantity");
  const product = otherProduct(record.product);
  at("convert-text").textContent = `${record.symbol}: from ${record.product} to ${product}. Nothing is `
    + "bought or sold; the margin of the new product must be there. On paper.";
  quantity.value = quantity.max = record.quantity;
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    ask({
      do: "convert", tradingsymbol: record.symbol, side: record.side === "LONG" ? "BUY" : "SELL",
      quantity: Number(quantity.value), old_product: record.product, new_product: product,
    });
  }, { once: true });
  dialog.showModal();
}
