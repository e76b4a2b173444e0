// Asking the API to write. What is attempted keeps its idempotency key until its answer is known, over a reload too.
import { Failure } from "./answers.js";

const PATIENCE_MS = 20_000;
const NOT_REMEMBERED = [408, 429];
let token = "";
let owner = "";

export function actAs(session) {
  token = session.csrf_token;
  owner = session.name;
}

export async function send(path, body, { key, signal } = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": token };
  if (key) headers["Idempotency-Key"] = key;
  const request = { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(body) };
  let response, document;
  try {
    response = await fetch(path, { ...request, signal: signal ?? AbortSignal.timeout(PATIENCE_MS) });
    document = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(response && !response.ok ? response.status : 0, null);
  }
  if (!response.ok) throw new Failure(response.status, document);
  return document;
}

// Browsers have randomUUID on secure origins only.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// One thing to be posted once. A second start while its answer is unknown is the same attempt.
export class Attempt {
  constructor(name) {
    this.name = name;
    this.pending = null;
    this.running = null;
  }

  get place() {
    return `hushi.pending.${this.name}.${owner}`;
  }

  // What an earlier visit of this tab left without an answer.
  resume() {
    try {
      this.pending = JSON.parse(sessionStorage.getItem(this.place));
    } catch {
      this.pending = null;
    }
    if (this.pending) this.pending.unsure = true;
    return this.pending;
  }

  start(path, body) {
    this.pending ??= { key: newKey(), path, body };
    this.keep();
    return this.go();
  }

  go() {
    this.running ??= this.run().finally(() => (this.running = null));
    return this.running;
  }

  async run() {
    const { path, body, key } = this.pending;
    try {
      const answer = await send(path, body, { key });
      this.forget();
      return answer;
    } catch (error) {
      if (this.settles(error)) this.forget();
      else if (error.status === 0 || error.status >= 500) this.pending.unsure = true;
      this.keep();
      throw error;
    }
  }

  settles({ status, problem }) {
    if (!status || status >= 500 || NOT_REMEMBERED.includes(status)) return false;
    if (problem?.code === "idempotency-in-progress") return false;
    return !([401, 403].includes(status) && this.pending.unsure);
  }

  forget() {
    this.pending = null;
    this.keep();
  }

  keep() {
    try {
      if (this.pending) sessionStorage.setItem(this.place, JSON.stringify(this.pending));
      else sessionStorage.removeItem(this.place);
    } catch {
      // The attempt then lasts as long as the page.
    }
  }
}
