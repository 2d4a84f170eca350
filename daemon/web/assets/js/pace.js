// Pause and speed of a paced replay.

import { ask, canPace } from "./actions.js";

const SPEEDS = [1, 2, 5, 10, 20, 60, 120, 300];
const group = document.getElementById("pace");
const pause = document.getElementById("pace-pause");
const speed = document.getElementById("pace-speed");

/** Let the controls hand in what is chosen. */
export function connectPace() {
  pause.addEventListener("click", () => ask(pause.dataset.does, ""));
  speed.addEventListener("change", () => ask("speed", speed.value));
}

/** Show the pace of a run, nothing where it has none. */
export function showPace(header) {
  group.hidden = !canPace(header);
  if (group.hidden) return;
  const { pace } = header;
  pause.dataset.does = pace.is_paused ? "resume" : "pause";
  pause.textContent = pace.is_paused ? "Resume" : "Pause";
  if (document.activeElement !== speed) showSpeed(String(pace.speed));
}

function showSpeed(now) {
  if (speed.value === now) return;
  const known = SPEEDS.map(String);
  const values = known.includes(now) ? known : [now, ...known];
  speed.replaceChildren(...values.map((value) => new Option(Number(value) ? `${value} ×` : value, value, false, value === now)));
}
