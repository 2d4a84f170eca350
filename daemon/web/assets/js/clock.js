// The server's clock and the engine's, carried on between messages by this machine's own.

let received = { at: now(), header: null };

/** Return ms that only grow, the same for all tabs of this machine. */
export function now() {
  return performance.timeOrigin + performance.now();
}

/** Take the clocks of a header that was received at `at` (ms of `now`). */
export function setClocks(header, at) {
  received = { at, header };
}

/** Return ms since the last header was received. */
export function sinceHeader() {
  return now() - received.at;
}

/** Return the engine's time now (UTC ms), null before the first header; a paused run's stands still. */
export function engineTime() {
  const { header } = received;
  if (!header?.clock_ms) return null;
  return header.clock_ms + sinceHeader() * speedOf(header);
}

function speedOf(header) {
  if (header.mode === "finished" || header.mode === "dead" || !header.session?.is_open) {
    return header.mode === "live" ? 1 : 0;
  }
  if (!header.pace) return 1;
  return header.pace.is_paused ? 0 : Number(header.pace.speed) || 0;
}
