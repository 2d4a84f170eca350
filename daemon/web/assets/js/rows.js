// A table body whose rows are kept by key: a change touches what changed and nothing else, so the
// focus, the selection and the scrolling stay where they are.

import { fieldNodes, fill } from "./fields.js";

/** Rows of one table body, made from a template and found again by their key. */
export class Rows {
  #body;
  #template;
  #key;
  #after;
  #kept = new Map(); // key -> {row, nodes}

  /** `key(record)` names a row, `after(row, record)` does what fields alone cannot say. */
  constructor(body, template, key, after = () => {}) {
    this.#body = body;
    this.#template = template.content.firstElementChild;
    this.#key = key;
    this.#after = after;
  }

  /** Show exactly these records in this order. */
  show(records) {
    const stays = new Set();
    let place = this.#body.firstElementChild;
    for (const record of records) {
      const key = String(this.#key(record));
      if (stays.has(key)) continue;
      stays.add(key);
      const { row } = this.#filled(key, record);
      if (row === place) place = place.nextElementSibling;
      else this.#body.insertBefore(row, place);
    }
    for (const [key, { row }] of this.#kept) {
      if (stays.has(key)) continue;
      leave(row);
      this.#kept.delete(key);
    }
  }

  /** Change fields of rows that are there; others are left out. */
  patch(records) {
    for (const record of records) {
      const key = String(this.#key(record));
      if (this.#kept.has(key)) this.#filled(key, record);
    }
  }

  #filled(key, record) {
    let found = this.#kept.get(key);
    if (!found) {
      const row = this.#template.cloneNode(true);
      row.id = `${this.#body.id.replace(/-rows$/, "")}-${key.replaceAll(/[^\w.-]+/g, "_")}`;
      row.dataset.key = key;
      found = { row, nodes: fieldNodes(row) };
      this.#kept.set(key, found);
    }
    fill(found.nodes, record);
    this.#after(found.row, record);
    return found;
  }
}

/** Remove a row; the keyboard's place goes to the heading of its panel, not to the page's top. */
function leave(row) {
  const hadFocus = row.contains(document.activeElement);
  const heading = row.closest("section")?.querySelector("h2[tabindex]");
  row.remove();
  if (hadFocus) heading?.focus({ preventScroll: true });
}
