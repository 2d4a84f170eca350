// One connection to /api/stream that comes back: after a fault it waits, longer each time, and
// continues after the last id it has seen.

import { readEvents } from "./events.js";

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5_000;
const FULL_WAIT_MS = 10_000;
const REFUSED = { 401: "signed-out", 403: "signed-out", 503: "full" };

/**
 * Hold the stream until `signal` aborts. `lastId()` says where to continue; `onMessage` gets each
 * event, `onLink(state, text)` each change of the connection: live, lost, full, signed-out.
 */
export async function holdStream({ lastId, onMessage, onLink, signal }) {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    const ended = await readUntilItEnds({ lastId, onMessage, onLink, signal, onLive: () => { wait = FIRST_WAIT_MS; } });
    if (signal.aborted) return;
    onLink(ended.state, ended.text);
    if (ended.state === "signed-out") return;
    await pause(ended.state === "full" ? FULL_WAIT_MS : wait, signal);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

async function readUntilItEnds({ lastId, onMessage, onLink, signal, onLive }) {
  let isLive = false;
  try {
    for await (const message of readEvents("/api/stream", lastId(), signal)) {
      if (message.event === "bye") return farewell(message.data);
      if (!isLive) {
        isLive = true;
        onLive();
        onLink("live", "");
      }
      onMessage(message);
    }
    return { state: "lost", text: "The page's server closed the connection." };
  } catch (error) {
    return { state: REFUSED[error.status] ?? "lost", text: error.message };
  }
}

function farewell(data) {
  if (data?.reason === "session over") return { state: "signed-out", text: "Your session is over." };
  if (data?.reason === "full") return { state: "full", text: "The server has as many pages open as it serves." };
  return { state: "lost", text: "The page's server said goodbye." };
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms * (0.8 + 0.4 * Math.random()));
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
