// Asking the API to write. What is attempted keeps its idempotency key until its answer is known, over a reload too.
import { Failure, isAborted } from "./answers.js";
import { keepInTab, keptInTab } from "./browser_memory.js";

const PATIENCE_MS = 20_000;
const NOT_REMEMBERED = [408, 429];
let token = "";
let owner = "";

/** @param {Session} session */
export function actAs(session) {
  token = session.csrf_token;
  owner = session.name;
}

/**
 * Posts a body; without a signal of its own it waits so long for an answer. Throws Failure.
 * @param {string} path
 * @param {unknown} body
 * @param {{ key?: string, signal?: AbortSignal }} [how]
 * @returns {Promise<any>}
 */
export async function send(path, body, { key, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": token };
  if (key) headers["Idempotency-Key"] = key;
  /** @type {RequestInit} */
  const request = { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(body) };
  let response;
  let document;
  try {
    response = await fetch(path, { ...request, signal: signal ?? AbortSignal.timeout(PATIENCE_MS) });
    document = await response.json();
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new Failure(response && !response.ok ? response.status : 0, null);
  }
  if (!response.ok) throw new Failure(response.status, document);
  return document;
}

/** A key that nobody else has. Browsers have randomUUID on secure origins only. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Whether a failure is the last word on what was attempted: then a new attempt takes a new key.
 * @param {{ status: number, problem: Problem | null }} failure
 * @param {boolean} unsure whether an earlier try may have been recorded
 */
export function settles({ status, problem }, unsure) {
  if (!status || status >= 500 || NOT_REMEMBERED.includes(status)) return false;
  if (problem?.code === "idempotency-in-progress") return false;
  return !([401, 403].includes(status) && unsure);
}

/** One thing to be posted once. A second start while its answer is unknown is the same attempt. */
export class Attempt {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    /** @type {Pending | null} */
    this.pending = null;
    /** @type {Promise<any> | null} */
    this.running = null;
  }

  get place() {
    return `hushi.pending.${this.name}.${owner}`;
  }

  /** What an earlier visit of this tab left without an answer. */
  resume() {
    this.pending = keptInTab(this.place);
    if (this.pending) this.pending.unsure = true;
    return this.pending;
  }

  /**
   * @param {string} path
   * @param {Line} body
   */
  start(path, body) {
    this.pending ??= { key: newKey(), path, body };
    this.keep();
    return this.go();
  }

  /** @returns {Promise<any>} */
  go() {
    this.running ??= this.run().finally(() => (this.running = null));
    return this.running;
  }

  async run() {
    const { pending } = this;
    if (!pending) throw new Error("nothing is attempted");
    try {
      const answer = await send(pending.path, pending.body, { key: pending.key });
      this.forget();
      return answer;
    } catch (error) {
      this.settle(error, pending);
      throw error;
    }
  }

  /**
   * @param {unknown} error
   * @param {Pending} pending
   */
  settle(error, pending) {
    const { status, problem } = error instanceof Failure ? error : { status: 0, problem: null };
    if (settles({ status, problem }, pending.unsure ?? false)) this.forget();
    else if (status === 0 || status >= 500) pending.unsure = true;
    this.keep();
  }

  /**
   * Starts what is to be posted; something else than what was attempted before is another attempt, under another key.
   * Only where the ledger itself refuses to record the same thing twice.
   * @param {string} path
   * @param {Line} body
   */
  startAnew(path, body) {
    const { pending } = this;
    const isSame = pending?.path === path && JSON.stringify(pending.body) === JSON.stringify(body);
    if (!isSame && !this.running) this.forget();
    return this.start(path, body);
  }

  forget() {
    this.pending = null;
    this.keep();
  }

  keep() {
    keepInTab(this.place, this.pending);
  }
}
