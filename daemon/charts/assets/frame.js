/* The frame around a picture: title, words, key, readout, and the same rows as a table.
   Every text is set as text, never as markup; nothing is stored and nothing is fetched. */
(() => {
"use strict";
const {whole, rupees} = FnoChartParts;

const ROWS_MAX = 2000;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const FONT_PX = 12;
const FALLBACK = {
  ink: "#15202e", muted: "#5a6778", line: "#e2e7ee", accent: "#2457c5",
  gain: "#0a766b", loss: "#b23c0c", card: "#ffffff",
};
const dark = matchMedia("(prefers-color-scheme: dark)");

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Return the colours that the page's custom properties stand for, as rgb(). */
function coloursOf(element) {
  const probe = element.appendChild(make("span"));
  const found = {};
  for (const [name, fallback] of Object.entries(FALLBACK)) {
    probe.style.color = `var(--${name}, ${fallback})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

const faded = (colour, alpha) => colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

/** Build title, words, key, readout, picture and foot in `element`; `tables` gives the rows. */
function frameIn(element, data, {tables, link}) {
  const title = make("h3", "fno-title"), line = make("p", "fno-line");
  const key = make("p", "fno-key"), readout = make("p", "fno-readout");
  const picture = make("div", "fno-picture"), foot = make("p", "fno-foot");
  const button = make("button", "fno-button", "Rows"), rows = make("div", "fno-rows");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  rows.hidden = true;
  rows.tabIndex = 0;
  rows.setAttribute("role", "region");
  picture.tabIndex = 0;
  picture.setAttribute("role", "img");
  button.addEventListener("click", () => {
    rows.hidden = !rows.hidden;
    button.setAttribute("aria-expanded", String(!rows.hidden));
    fillRows();
  });
  foot.append(button);
  if (link) {
    const anchor = make("a", "", "Charts by TradingView");
    anchor.href = "https://www.tradingview.com/";
    anchor.rel = "noreferrer";
    anchor.target = "_blank";
    foot.append(anchor);
  }
  element.classList.add("fno-chart");
  element.replaceChildren(title, line, key, readout, picture, foot, rows);

  let current = data;
  function fillRows() {
    rows.replaceChildren(...(rows.hidden ? [] : tables(current)));
  }
  function tell(next) {
    current = next;
    title.textContent = next.title;
    line.textContent = next.line;
    picture.setAttribute("aria-label", `${next.title}. ${next.line} The button Rows lists the same as a table.`);
    rows.setAttribute("aria-label", `Rows of ${next.title}`);
    fillRows();
  }
  tell(data);
  return {picture, key, readout, tell};
}

/** Return a table with its caption; a cell that is a number is shown in rupees. */
function tableOf(caption, head, rows) {
  const table = make("table"), body = make("tbody"), top = make("tr");
  table.append(make("caption", "", caption), make("thead"), body);
  for (const name of head) {
    const cell = make("th", "", name);
    cell.scope = "col";
    top.append(cell);
  }
  table.tHead.append(top);
  for (const row of rows.slice(0, ROWS_MAX)) {
    const shown = make("tr");
    for (const cell of row)
      shown.append(typeof cell === "number" ? make("td", "fno-n", rupees(cell)) : make("td", "", cell ?? "\u2013"));
    body.append(shown);
  }
  if (rows.length > ROWS_MAX)
    table.caption.textContent += `: the first ${whole.format(ROWS_MAX)} of ${whole.format(rows.length)}`;
  return table;
}

/** Show in `key` what each colour means: [class, words] pairs. */
function fillKey(key, entries) {
  key.replaceChildren(...entries.map(([className, words]) => {
    const entry = make("span", "", words);
    entry.prepend(make("i", className));
    return entry;
  }));
}

/** Call `draw` when light turns to dark or back, and let Left and Right call `move`. */
function listen(picture, draw, move) {
  const keys = event => {
    const steps = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (steps || event.key === "Enter") { event.preventDefault(); move(steps || 0); }
  };
  dark.addEventListener("change", draw);
  picture.addEventListener("keydown", keys);
  return () => dark.removeEventListener("change", draw);
}

Object.assign(FnoChartParts, {FONT, FONT_PX, coloursOf, faded, frameIn, tableOf, fillKey, listen});
})();
