// Puts a record's values where the page's markup asks for them: `data-field` names the value,
// `data-as` its format. A node is touched only when its value has changed.

import { now } from "./clock.js";
import { show, tone } from "./format.js";

const GROWS = new Set(["age", "left"]);
const shown = new WeakMap(); // node -> {value, at}: what it shows, and since when

/** Return the nodes below `root` that show a field, `root` itself included. */
export function fieldNodes(root) {
  const nodes = [...root.querySelectorAll("[data-field]")];
  return root.matches?.("[data-field]") ? [root, ...nodes] : nodes;
}

/** Show the values of `record` in `nodes`; fields that it does not have stay as they are. */
export function fill(nodes, record) {
  for (const node of nodes) {
    const value = record[node.dataset.field];
    if (value !== undefined) put(node, value);
  }
}

function put(node, value) {
  const as = node.dataset.as ?? "text";
  const before = shown.get(node);
  if (GROWS.has(as)) shown.set(node, { value, at: now() });
  else if (before && before.value === value) return;
  else shown.set(node, { value });
  write(node, value, value, as);
}

function write(node, raw, value, as) {
  const text = show(value, as);
  if (node.textContent !== text) node.textContent = text;
  const attribute = raw === null ? "" : String(raw);
  if (node.dataset.value !== attribute) node.dataset.value = attribute;
  const colour = tone(raw, as);
  if (colour && node.dataset.tone !== colour) node.dataset.tone = colour;
}

/** Let ages grow and what is left shrink in `root`, by the time since they were received. */
export function tick(root) {
  for (const node of root.querySelectorAll('[data-as="age"], [data-as="left"]')) {
    const was = shown.get(node);
    if (!was || was.value === null || was.value === undefined) continue;
    const passed = now() - was.at;
    const as = node.dataset.as;
    const value = as === "age" ? was.value + passed : was.value - passed / 1000;
    const text = show(value, as);
    if (node.textContent !== text) node.textContent = text;
  }
}
