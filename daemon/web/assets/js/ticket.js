// Requests for orders as the page hands them in, and the contracts that they can name.

import { get, post } from "./api.js";
import { say } from "./notices.js";

const ID_BYTES = 12;

/** The contracts that can be traded, by symbol; filled by `loadContracts`. */
export const contracts = new Map();

/** Return an id for a request: asked again with it, it is done once. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Hand in a request and say what became of it; returns whether it was accepted. */
export async function ask(order, clientId = newId()) {
  try {
    const { accepted, text } = await post("/api/ticket", { client_id: clientId, order });
    say(text, accepted);
    return accepted;
  } catch (error) {
    say(error.message, false);
    return false;
  }
}

/** Do the work of a button, once however often it is pressed meanwhile. */
export async function once(button, work) {
  if (button.ariaBusy === "true") return false;
  button.ariaBusy = "true";
  const isDone = await work();
  button.ariaBusy = "false";
  return isDone;
}

/** Load the contracts, if they are not there yet, and offer them to the forms. */
export async function loadContracts() {
  if (contracts.size) return;
  try {
    const rows = await get("/api/contracts");
    for (const row of rows) contracts.set(row.symbol, row);
    document.getElementById("order-symbols").replaceChildren(...rows.map((row) => new Option("", row.symbol)));
  } catch (error) {
    say(error.message, false);
  }
}
