// All visible tabs of this browser share one stream: who holds the lock reads it and hands each
// message to the others. A browser has six connections to a server, and an exit must find one free.
// A hidden tab lets go of its stream; where there are no locks each tab has a stream of its own.

import { now } from "./clock.js";
import { holdStream } from "./stream.js";

const NAME = "fno-stream";

/**
 * Follow the stream while this tab is visible. `state()` returns what the tab shows, or null;
 * `lastId()` its place; `onMessage(message, at)` and `onLink(link, text)` are told what comes.
 */
export function followWhileVisible(tab) {
  let stay = null; // {stop} while this tab follows
  const leave = () => {
    stay?.stop();
    stay = null;
  };
  const look = () => {
    if (document.visibilityState !== "visible") leave();
    else if (!stay) {
      const mine = {};
      stay = mine;
      mine.stop = follow(tab, () => { if (stay === mine) stay = null; }); // signed out: look again later
    }
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", look);
  look();
}

function follow(tab, onEnd) {
  const ending = new AbortController();
  const { signal } = ending;
  if (!navigator.locks) {
    lead(tab, () => {}, signal).finally(onEnd);
    return () => ending.abort();
  }
  const channel = new BroadcastChannel(NAME);
  const role = { isLeader: false, link: ["connecting", ""] };
  channel.onmessage = ({ data }) => hear(tab, role, channel, data);
  channel.postMessage({ kind: "hello" });
  navigator.locks
    .request(NAME, { signal }, () => {
      role.isLeader = true;
      return lead(tab, (said) => { remember(role, said); channel.postMessage(said); }, signal);
    })
    .catch(() => {}) // aborted while it waited: another tab leads
    .finally(() => { channel.close(); onEnd(); });
  return () => ending.abort();
}

function lead(tab, tell, signal) {
  return holdStream({
    signal,
    lastId: tab.lastId,
    onMessage: (message) => {
      const at = now();
      if (message.event !== "beat") tab.onMessage(message, at);
      tell({ kind: "message", message, at });
    },
    onLink: (link, text) => {
      tab.onLink(link, text);
      tell({ kind: "link", link, text });
    },
  });
}

function remember(role, said) {
  if (said.kind === "link") role.link = [said.link, said.text];
}

function hear(tab, role, channel, said) {
  if (role.isLeader) {
    if (said.kind === "hello") greet(tab, role, channel);
    return;
  }
  if (said.kind === "message" && said.message.event !== "beat") tab.onMessage(said.message, said.at);
  else if (said.kind === "link") tab.onLink(said.link, said.text);
}

function greet(tab, role, channel) {
  const { snapshot, at } = tab.state();
  if (snapshot) channel.postMessage({ kind: "message", at, message: { event: "snapshot", id: tab.lastId(), data: snapshot } });
  channel.postMessage({ kind: "link", link: role.link[0], text: role.link[1] });
}
