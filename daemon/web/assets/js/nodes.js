// Small pieces of a document.

/** Return an element that holds a text. */
export function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}
