// The strip on top: whose account this is, and whether what the page shows is of this moment.

import { engineTime, sinceHeader } from "./clock.js";
import { age, dayAndTime, duration, rupees, shortRupees, time } from "./format.js";

const MODES = { live: "live", paced: "replay", finished: "finished run", dead: "daemon stopped" };
const at = (id) => document.getElementById(id);

/** Show a header of the contract as it is now; called again each second, as time passes. */
export function showHeader(header) {
  put("header-account", header.run && header.run !== header.account ? `${header.account} · ${header.run}` : header.account);
  put("header-mode", MODES[header.mode] ?? header.mode, header.mode);
  put("header-session", sessionText(header.session), header.session?.is_open ? "ok" : "");
  showFeed(header);
  at("header-token").parentElement.hidden = !header.token || header.token.state === "none";
  put("header-token", tokenText(header.token), header.token?.state === "refused" ? "bad" : "");
  put("header-fills", header.fill_profile);
  put("header-engine", header.engine);
  const clock = engineTime();
  put("header-clock", clock ? time(clock) : "—");
  at("header-clock").title = clock ? dayAndTime(clock) : "";
  put("foot-line", footText(header));
  mark(header);
}

/** Show what is blocked of the cash, where a margin is computed. */
export function showMarginOnTop({ margin_used_paise: used, margin_free_paise: free, margin_peak_paise: peak }) {
  const isKnown = (used ?? null) !== null;
  at("header-margin").hidden = !isKnown;
  if (!isKnown) return;
  putMoney("header-margin-used", used);
  putMoney("header-margin-free", free);
  putMoney("header-margin-peak", peak);
}

function putMoney(id, paise) {
  const isKnown = (paise ?? null) !== null;
  put(id, isKnown ? shortRupees(paise) : "—");
  at(id).dataset.value = isKnown ? String(paise) : "";
  at(id).title = isKnown ? rupees(paise) : "";
}

function showFeed({ feed, mode }) {
  const isOver = mode === "finished" || mode === "dead";
  const known = feed.age_ms !== null && feed.age_ms !== undefined;
  const old = known ? feed.age_ms + (isOver ? 0 : sinceHeader()) : null;
  const node = at("header-feed-age");
  put("header-feed-age", old === null ? feed.kind || "—" : `${age(old)} old`, feed.is_stale ? "bad" : "");
  node.dataset.value = known ? String(feed.age_ms) : "";
  node.title = feed.kind ? `${feed.kind} feed` : "";
}

function sessionText(session) {
  if (!session) return "—";
  const clock = engineTime();
  if (session.is_open && session.closes_ms && clock) return `closes in ${duration((session.closes_ms - clock) / 1000)}`;
  if (session.is_open) return "open";
  if (session.opens_ms && clock) return `opens in ${duration((session.opens_ms - clock) / 1000)}`;
  return "closed";
}

function tokenText(token) {
  if (!token || token.state === "none") return "";
  if (token.state === "refused") return "refused";
  return token.until_ms ? `ok until ${dayAndTime(token.until_ms).slice(0, -3)}` : "ok";
}

function footText({ daemon }) {
  const parts = ["run_fno_paper " + (daemon.version ?? "")];
  if (daemon.pid && daemon.is_alive) parts.push(`process ${daemon.pid}`);
  if (daemon.started_ms) parts.push(`since ${dayAndTime(daemon.started_ms)} IST`);
  return parts.join(" · ");
}

function mark(header) {
  const root = document.documentElement;
  root.dataset.mode = header.mode;
  root.dataset.feed = header.feed.is_stale ? "stale" : "fresh";
}

function put(id, known, tone) {
  const node = at(id);
  const text = known ?? "—";
  if (node.textContent !== text) node.textContent = text;
  if (tone !== undefined && node.dataset.tone !== tone) node.dataset.tone = tone;
}
