// What the page says beyond its panels: the banner while something is wrong, and short answers.

import { time } from "./format.js";

const TOAST_MS = 8_000;
const TOASTS_MAX = 4;
const toasts = document.getElementById("toasts");
const banner = document.getElementById("banner");

/** Say what became of a request; a refusal stays twice as long. */
export function say(text, isGood = true) {
  const toast = document.createElement("p");
  toast.textContent = text;
  toast.dataset.tone = isGood ? "good" : "bad";
  toasts.append(toast);
  while (toasts.childElementCount > TOASTS_MAX) toasts.firstElementChild.remove();
  setTimeout(() => toast.remove(), isGood ? TOAST_MS : 2 * TOAST_MS);
}

const LINK_WORDS = {
  lost: (text, when) => `No connection to the page's server. ${text} The numbers are those of ${when}. Trying again.`,
  full: (text, when) => `${text} The numbers are those of ${when}. Trying again.`,
  "signed-out": (text) => `Signed out: ${text}`,
};

/** Show the one thing that is most wrong, or nothing. `at` is when the numbers were last right. */
export function showBanner({ link, text, header, at }) {
  const words = LINK_WORDS[link]?.(text, at ? `${time(at)} IST` : "before") ?? daemonWords(link, header);
  const is = banner.firstElementChild?.textContent ?? "";
  if (words === is) return;
  banner.replaceChildren();
  if (!words) return;
  const line = document.createElement("span");
  line.textContent = words;
  banner.append(line);
  if (link === "signed-out") banner.append(signIn());
}

function daemonWords(link, header) {
  if (link !== "live" || header?.mode !== "dead") return "";
  const known = header.notes.length ? header.notes : ["No daemon runs."];
  return [...known, "Nothing watches the stops of open positions."].join(" ");
}

function signIn() {
  const link = document.createElement("a");
  link.href = "/login" + location.hash;
  link.textContent = "Sign in";
  return link;
}
