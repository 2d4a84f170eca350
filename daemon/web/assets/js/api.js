// Requests to the page's own server: JSON in and out, faults as one line of text.

let csrf = "";

/** A request that was refused or not answered; `status` is 0 where no answer came. */
export class RequestError extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

/** Return the session (account, run, can_command, version) and keep its CSRF word. */
export async function openSession() {
  const session = await get("/api/session");
  csrf = session.csrf;
  return session;
}

/** Return what a route answers. Throws RequestError. */
export async function get(route, query = {}) {
  const known = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(known).toString();
  return ask(text ? `${route}?${text}` : route, {});
}

/** Return what a route answers to a JSON body. Throws RequestError. */
export async function post(route, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF": csrf };
  return ask(route, { method: "POST", headers, body: JSON.stringify(body) });
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new RequestError("The page's server does not answer.", 0);
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new RequestError(body.error ?? `The server answered ${answer.status}.`, answer.status);
  return body;
}
