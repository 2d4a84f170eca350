// Puts the page together: the session, the stream, and what each message changes.

import { allowCommands, connectKillSwitch } from "./actions.js";
import { openSession, post } from "./api.js";
import { connectChain } from "./chain.js";
import { setClocks } from "./clock.js";
import { connectCompare, showCompare } from "./compare.js";
import { connectCharts, offerSymbols } from "./desk_charts.js";
import { connectRows, showPanels } from "./desk.js";
import { tick } from "./fields.js";
import { signedRupees } from "./format.js";
import { showHeader, showMarginOnTop } from "./header.js";
import { connectHistory, showHistory } from "./history.js";
import { say, showBanner } from "./notices.js";
import { connectOrderEntry } from "./order_entry.js";
import { connectPace, showPace } from "./pace.js";
import { connectPlans } from "./plans.js";
import { followWhileVisible } from "./sharing.js";
import { State } from "./state.js";
import { connectTrade, openRound, openTrade } from "./trade.js";
import { followAddress, settle } from "./views.js";

const TICK_MS = 1_000;
const state = new State();
let link = "connecting";
let linkText = "";
let wasAlive = null;

function onMessage(message, at) {
  if (message.event === "reset") say("The journal is another one now: everything was read again.");
  const isFirst = !state.snapshot;
  const names = state.take(message, at);
  if (!state.snapshot || !names.length) return;
  const { panels } = state.snapshot;
  if (names.includes("header")) {
    if (panels.header.daemon.is_alive !== wasAlive) renewSession();
    wasAlive = panels.header.daemon.is_alive;
    setClocks(panels.header, at);
    showTop();
  }
  showPanels(names, state.snapshot);
  offerSymbols(names, state.snapshot);
  if (names.includes("pnl")) showTitle(panels);
  if (isFirst) settle();
}

function onLink(now, text) {
  if (now === "live" && link !== "live") wasAlive = null; // the next header asks for the session
  link = now;
  linkText = text;
  document.documentElement.dataset.link = now;
  showTop();
}

/** Ask for the session again: after a restart the CSRF word is another, or who takes commands. */
async function renewSession() {
  try {
    const session = await openSession();
    allowCommands(session.can_command);
    if (!state.snapshot) return;
    showPanels(["header"], state.snapshot);
    showTop();
    document.documentElement.dataset.session = "known";
  } catch (error) {
    say(error.message, false);
  }
}

function showTop() {
  const header = state.snapshot?.panels.header;
  showBanner({ link, text: linkText, header, at: state.at });
  if (!header) return;
  showHeader(header);
  showMarginOnTop(state.snapshot.panels.pnl);
  showPace(header);
  showNotes(header.mode === "dead" ? [] : header.notes); // of a dead daemon the banner says them
}

function showNotes(notes) {
  const list = document.getElementById("notes");
  const is = [...list.children].map((item) => item.textContent);
  if (is.join("\n") === notes.join("\n")) return;
  list.replaceChildren(...notes.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
  list.hidden = notes.length === 0;
}

function showTitle({ pnl, header }) {
  const text = `${signedRupees(pnl.net_at_ltp_paise ?? pnl.net_paise)} · ${header.account} · PAPER`;
  if (document.title !== text) document.title = text;
}

/** Return the run whose trades a node shows, empty for those of this journal. */
function runOf(node) {
  return node.closest("[data-run]")?.dataset.run ?? "";
}

async function signOut() {
  await post("/logout", {}).catch((error) => say(error.message, false));
  location.assign("/login");
}

function start() {
  const orderActs = connectOrderEntry((panel, field, key) =>
    state.snapshot?.panels[panel]?.find((record) => record[field] === key));
  connectRows((trade, node) => openTrade(trade, runOf(node)), orderActs);
  connectTrade();
  connectPlans(openRound);
  connectChain();
  connectPace();
  connectKillSwitch(document.getElementById("kill"), document.getElementById("kill-dialog"));
  document.getElementById("logout").addEventListener("click", signOut);
  document.addEventListener("fno-trade", (event) => openTrade(event.detail.trade, runOf(event.target)));
  connectCharts(() => link === "live");
  connectHistory();
  connectCompare();
  followAddress({ history: showHistory, compare: showCompare });
  setInterval(() => {
    showTop();
    tick(document.getElementById("open-rows"));
  }, TICK_MS);
  followWhileVisible({ state: () => state, lastId: () => state.lastId(), onMessage, onLink });
}

start();
