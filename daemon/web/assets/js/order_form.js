// What a person writes in the form of an order, as the request for it: paise, units, or a problem.

const PRICED = new Set(["LIMIT", "SL"]);
const TRIGGERED = new Set(["SL", "SL-M"]);
const RUPEES = /^\d{1,9}(\.\d{1,2})?$/;
const UNITS = /^[1-9]\d{0,8}$/;

/** Return whether orders of a type have a price of their own. */
export const hasPrice = (type) => PRICED.has(type);

/** Return whether orders of a type wait for a trigger. */
export const hasTrigger = (type) => TRIGGERED.has(type);

/** Return the product that a position of a product can be converted to. */
export const otherProduct = (product) => (product === "MIS" ? "NRML" : "MIS");

/** Return whether a text is a number of units. */
export const isUnits = (text) => UNITS.test(text);

/** Return rupees as whole paise, null for what is no price: never by way of a fraction. */
export function paiseOf(text) {
  const plain = text.trim().replaceAll(",", "");
  if (!RUPEES.test(plain)) return null;
  const [whole, part = ""] = plain.split(".");
  return Number(whole) * 100 + Number(part.padEnd(2, "0"));
}

/** Return what is wrong with the form's values, empty if nothing is; `contract` may be unknown. */
export function problemOf(values, contract) {
  if (!values.symbol) return "Name the contract.";
  if (!UNITS.test(values.quantity)) return "The quantity is a whole number of units.";
  const lot = contract?.lot_size ?? 1;
  if (Number(values.quantity) % lot) return `The quantity is a multiple of the lot, ${lot}.`;
  const { type, validity } = values;
  if (hasPrice(type) && !paiseOf(values.price)) return "Name a price in rupees, such as 125.50.";
  if (hasTrigger(type) && !paiseOf(values.trigger)) return "Name a trigger in rupees, such as 125.50.";
  if (validity === "TTL" && !UNITS.test(values.minutes)) return "Name the minutes that it is valid.";
  return "";
}

/** Return the part of a request that a new order and a modification have in common. */
function termsOf(values) {
  const { type, validity } = values;
  const terms = { quantity: Number(values.quantity), order_type: type, validity };
  if (hasPrice(type)) terms.price_paise = paiseOf(values.price);
  if (hasTrigger(type)) terms.trigger_paise = paiseOf(values.trigger);
  if (validity === "TTL") terms.ttl_minutes = Number(values.minutes);
  if (!hasPrice(type)) terms.market_protection = -1;
  return terms;
}

/** Return the request for a new order; above the freeze quantity it goes in slices. */
export function placed(values) {
  const { symbol: tradingsymbol, side, product, tag } = values;
  return { do: "place", tradingsymbol, side, product, tag, autoslice: true, ...termsOf(values) };
}

/** Return the request that makes an order what the form says. */
export function modified(order, values) {
  return { do: "modify", order_id: order, ...termsOf(values) };
}

/** Return in a sentence what would be sent. */
export function sentenceOf(values) {
  const { type, validity } = values;
  const price = hasPrice(type) ? ` at ${values.price.trim()}` : "";
  const trigger = hasTrigger(type) ? `, triggered at ${values.trigger.trim()}` : "";
  const valid = validity === "TTL" ? `for ${values.minutes} minutes` : validity;
  const how = type === "MARKET" ? "at the market, protected" : `${type}${price}${trigger}`;
  return `${values.side} ${values.quantity} ${values.symbol}, ${values.product}, ${how}, ${valid}. On paper.`;
}
