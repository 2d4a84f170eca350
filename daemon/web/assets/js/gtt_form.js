// What a person writes in the form of a GTT, as the request for it: one trigger with its order, or two.

import { rupees } from "./format.js";
import { isUnits, paiseOf } from "./order_form.js";

/** Return the pairs of trigger and price that the form has, the lower trigger first, paise. */
function pairsOf(values) {
  const pairs = [[paiseOf(values.trigger), paiseOf(values.price)]];
  if (values.kind === "two-leg") pairs.push([paiseOf(values.trigger2), paiseOf(values.price2)]);
  return pairs;
}

/** Return what is wrong with the form's values, empty if nothing is; `contract` may be unknown. */
export function problemOfGtt(values, contract) {
  if (!values.symbol) return "Name the contract.";
  if (!isUnits(values.quantity)) return "The quantity is a whole number of units.";
  const lot = contract?.lot_size ?? 1;
  if (Number(values.quantity) % lot) return `The quantity is a multiple of the lot, ${lot}.`;
  const pairs = pairsOf(values);
  if (pairs.some(([trigger]) => !trigger)) return "Name each trigger in rupees, such as 125.50.";
  if (pairs.some(([, price]) => !price)) return "Name each price in rupees, such as 125.50.";
  if (pairs.length > 1 && pairs[0][0] >= pairs[1][0]) return "The first trigger is the lower one.";
  return "";
}

/** Return the request for a GTT; one of a contract is NRML. */
export function placedGtt(values) {
  const { symbol: tradingsymbol, side } = values;
  const quantity = Number(values.quantity);
  const pairs = pairsOf(values);
  const legs = pairs.map(([, price]) => ({ side, quantity, price_paise: price, product: "NRML" }));
  return { do: "place_gtt", form: { tradingsymbol, triggers: pairs.map(([trigger]) => trigger), legs } };
}

/** Return in a sentence what would be placed. */
export function sentenceOfGtt(values) {
  const order = (price) => `LIMIT at ${price.trim()}`;
  const first = `at ${values.trigger.trim()} ${order(values.price)}`;
  const second = values.kind === "two-leg" ? `, or at ${values.trigger2.trim()} ${order(values.price2)}` : "";
  return `GTT: ${values.side} ${values.quantity} ${values.symbol}, NRML, when the last price is ${first}${second}, `
    + "until its contract is over. On paper.";
}

/** Return in a sentence what a GTT of the desk would have done. */
export function sentenceOfListed({ gtt, symbol, legs }) {
  const orders = legs.map(({ side, quantity, price_paise: price, product, when, trigger_paise: trigger }) =>
    `${side} ${quantity}, ${product}, LIMIT at ${rupees(price)} once the price is at ${rupees(trigger)} or ${when}`);
  return `GTT ${gtt} of ${symbol}: ${orders.join(", or ")}. Deleted, it sends nothing. On paper.`;
}
