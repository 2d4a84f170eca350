// Server-sent events over fetch: unlike EventSource this sees the heartbeat, the status of a
// refusal and the id to continue after, and ends when its signal says so.

import { RequestError } from "./api.js";

const SILENCE_MS = 25_000; // the server beats every 10 s

/** Yield {event, id, data} of the stream, and {event: "beat"} for its heartbeat. Throws RequestError. */
export async function* readEvents(address, last, signal) {
  const reader = await open(address, last, signal);
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read());
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop();
      for (const block of blocks) yield parse(block);
    }
  } finally {
    reader.cancel().catch(() => {}); // it may be closed already
  }
}

async function open(address, last, signal) {
  const headers = { Accept: "text/event-stream" };
  if (last) headers["Last-Event-ID"] = last;
  let answer;
  try {
    answer = await fetch(address, { headers, signal, cache: "no-store" });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new RequestError("The page's server does not answer.", 0);
  }
  if (!answer.ok) {
    const { error } = await answer.json().catch(() => ({}));
    throw new RequestError(error ?? `The server answered ${answer.status}.`, answer.status);
  }
  return answer.body.getReader();
}

async function withinSilence(reading) {
  let timer;
  const silent = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new RequestError("The page's server fell silent.", 0)), SILENCE_MS);
  });
  try {
    return await Promise.race([reading, silent]);
  } finally {
    clearTimeout(timer);
  }
}

function parse(block) {
  const found = { event: "beat", id: null, data: null };
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^(\w*):? ?(.*)$/.exec(line) ?? [];
    if (name === "event") found.event = value;
    else if (name === "id") found.id = value;
    else if (name === "data") data.push(value);
  }
  if (data.length) found.data = JSON.parse(data.join("\n"));
  return found;
}
