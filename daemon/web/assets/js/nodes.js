// Small pieces of a document.

/** Return a text whose amounts no line break parts: "-Rs 3,370" is one word, with a real minus. */
export function unbroken(text) {
  return String(text).replaceAll("-Rs ", "\u2212Rs ").replaceAll("Rs ", "Rs\u00a0");
}

/** Return an element that holds a text. */
export function element(tag, text) {
  const node = document.createElement(tag);
  node.textContent = unbroken(text);
  return node;
}
