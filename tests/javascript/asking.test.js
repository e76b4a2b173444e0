// Asking the API: all answers of one position, and a post whose answer is lost is the same post again.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { beforeEach, test } from "node:test";

import "./limits.js";
import { Failure, ask, askAll, hasMoved, newestPeriod } from "../../service/http/web/static/answers.js";
import { readQuestion } from "../../service/http/web/static/question.js";
import { Attempt, actAs, send, settles } from "../../service/http/web/static/record_api.js";
import { serve } from "./server.js";

/** The storage of a tab, which Node.js has not. */
class TabStorage {
  values = new Map();
  /** @param {string} name */
  getItem = (name) => this.values.get(name) ?? null;
  /**
   * @param {string} name
   * @param {string} value
   */
  setItem = (name, value) => void this.values.set(name, value);
  /** @param {string} name */
  removeItem = (name) => void this.values.delete(name);
}

/** @type {string[]} */
let heard = [];
// Node.js 18 has it under another name only.
globalThis.crypto ??= /** @type {Crypto} */ (webcrypto);

beforeEach(() => {
  heard = [];
  Object.assign(globalThis, {
    sessionStorage: new TabStorage(),
    dispatchEvent: (/** @type {Event} */ event) => heard.push(event.type),
  });
  actAs({ id: 1, name: "柜台", scopes: [], csrf_token: "token-of-柜台".slice(0, 8) });
});

const question = /** @type {Question} */ (readQuestion("?ytd=2024-04-30"));

test("answers of two positions are asked for again", async (context) => {
  const requests = await serve(context, (_, n) => ({ body: { position: n < 4 ? "1.0" : "1.1", rows: [] } }));
  const answers = await askAll(question, "en");
  assert.equal(requests.length, 14);
  assert.equal(answers.position, "1.1");
  assert.equal(answers.months.position, answers.brief.position);
});

test("a ledger that never rests is shown with the positions that it had", async (context) => {
  const requests = await serve(context, (_, n) => ({ body: { position: `1.${n % 5}`, rows: [] } }));
  const { position } = await askAll(question, "en");
  assert.equal(requests.length, 21);
  assert.equal(position.split(", ").length, 5);
});

test("a report that has not moved costs an answer without a body", async (context) => {
  const requests = await serve(context, ({ headers }) =>
    headers["if-none-match"] === '"one"' ? { status: 304 } : { body: { position: "1.0" }, headers: { ETag: '"one"' } },
  );
  await ask("/v1/reports/trade?period=2024");
  assert.equal(await hasMoved("/v1/reports/trade?period=2024"), false);
  assert.equal(await hasMoved("/v1/reports/trade?period=2023"), true);
  assert.equal(requests.length, 3);
});

test("a refusal says what the API says, and the end of a session is heard", async (context) => {
  await serve(context, ({ path }) => ({ status: path === "/session" ? 401 : 422, body: { code: "x", detail: "No." } }));
  await assert.rejects(ask("/v1/reports/trade"), { message: "No.", status: 422 });
  assert.deepEqual(heard, []);
  await assert.rejects(ask("/session"), { status: 401 });
  assert.deepEqual(heard, ["sessionended"]);
});

test("without an answer the status is 0", async (context) => {
  await serve(context, () => null);
  await assert.rejects(ask("/v1/ledger"), (error) => error instanceof Failure && error.status === 0);
  await assert.rejects(send("/v1/transactions", {}), (error) => error instanceof Failure && error.status === 0);
});

test("the newest period is the year to the newest day with trade", async (context) => {
  await serve(context, ({ path }) => ({
    body: {
      rows: path.includes("by=month")
        ? [{ key: { month: "2024-05" } }, { key: { month: "2024-06" } }]
        : [{ key: { day: "2024-06-26" } }],
    },
  }));
  assert.deepEqual(await newestPeriod(), { kind: "ytd", to: "2024-06-26" });
});

test("after a lost answer the same key is sent, from the same tab after a reload too", async (context) => {
  const requests = await serve(context, (_, n) => (n === 0 ? null : { status: 201, body: { transaction_id: "t" } }));
  const first = new Attempt("trade");
  await assert.rejects(first.start("/v1/transactions", { amount_cny: "1" }), { status: 0 });
  assert.equal(first.pending?.unsure, true);
  const reloaded = new Attempt("trade");
  assert.deepEqual(reloaded.resume()?.body, { amount_cny: "1" });
  assert.deepEqual(await reloaded.go(), { transaction_id: "t" });
  assert.equal(requests[0].headers["idempotency-key"], requests[1].headers["idempotency-key"]);
  assert.equal(requests[1].headers["x-csrf-token"], "token-of");
  assert.equal(new Attempt("trade").resume(), null);
});

test("while an answer is unknown, another line is the same attempt and not a second post", async (context) => {
  const requests = await serve(context, (_, n) => (n === 0 ? { status: 503 } : { status: 201 }));
  const attempt = new Attempt("trade");
  await assert.rejects(attempt.start("/v1/transactions", { amount_cny: "1" }), { status: 503 });
  await attempt.start("/v1/transactions", { amount_cny: "2" });
  assert.deepEqual(requests[1].body, { amount_cny: "1" });
  assert.equal(requests[0].headers["idempotency-key"], requests[1].headers["idempotency-key"]);
});

test("two starts at a time are one post", async (context) => {
  const requests = await serve(context, () => ({ status: 201, body: { transaction_id: "t" } }));
  const attempt = new Attempt("trade");
  await Promise.all([attempt.start("/v1/transactions", {}), attempt.start("/v1/transactions", {})]);
  assert.equal(requests.length, 1);
});

test("a final refusal frees the key, and anything else keeps it", async (context) => {
  const refused = { status: 422, body: { code: "allowance-exceeded", detail: "No." } };
  const requests = await serve(context, () => refused);
  const attempt = new Attempt("trade");
  await assert.rejects(attempt.start("/v1/transactions", {}), { status: 422 });
  assert.equal(attempt.pending, null);
  await assert.rejects(attempt.start("/v1/transactions", {}), { status: 422 });
  assert.notEqual(requests[0].headers["idempotency-key"], requests[1].headers["idempotency-key"]);
  const problem = (/** @type {string} */ code) => ({ code });
  assert.equal(settles({ status: 409, problem: problem("reference-exists") }, false), true);
  assert.equal(settles({ status: 409, problem: problem("idempotency-in-progress") }, false), false);
  for (const status of [0, 408, 429, 500, 503]) assert.equal(settles({ status, problem: null }, false), false);
  assert.equal(settles({ status: 401, problem: null }, false), true);
  assert.equal(settles({ status: 401, problem: null }, true), false, "an earlier try may have been recorded");
});
