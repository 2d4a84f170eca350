// What a person may ask of the daemon from here: exit, strategies, the kill switch, the pace.

import { post } from "./api.js";
import { say } from "./notices.js";

const AGAIN_MS = 5_000; // an exit may find no price; then it can be asked for again
let mayCommand = false;

/** Say whether this page's server takes commands at all. */
export function allowCommands(isAllowed) {
  mayCommand = isAllowed;
}

/** Return whether exits and switches would reach a daemon: a replay takes pause and speed only. */
export function canCommand(header) {
  return mayCommand && header.mode === "live" && header.daemon.is_alive;
}

/** Return whether the pace of a replay can be changed. */
export function canPace(header) {
  return mayCommand && header.mode === "paced" && header.pace !== null;
}

/** Hand in one request and say what became of it; returns whether it was accepted. */
export async function ask(what, target, more = {}) {
  try {
    const { accepted, text } = await post("/api/do", { do: what, target, ...more });
    say(text, accepted);
    return accepted;
  } catch (error) {
    say(error.message, false);
    return false;
  }
}

/** Exit a position or withdraw an entry. Until the row is gone the button waits a while. */
export async function exit(button, trade) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  const free = () => { button.ariaBusy = "false"; };
  if (await ask("exit", trade)) setTimeout(free, AGAIN_MS);
  else free();
}

/** Turn a strategy on or off; the switch follows what the daemon says, not the click. */
export async function turn(button, strategy) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  const isOn = button.getAttribute("aria-checked") === "true";
  await ask(isOn ? "strategy_off" : "strategy_on", strategy);
  button.ariaBusy = "false";
}

/** Ask whether to close everything, and do it. */
export function connectKillSwitch(button, dialog) {
  button.addEventListener("click", () => {
    dialog.returnValue = "no";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") ask("kill_switch", "", { confirm: true });
  });
}
