// A real server for what asks one: fetch gets its address, and the test says what it answers.
import http from "node:http";

/**
 * @typedef {{ status?: number, body?: unknown, headers?: Record<string, string> }} Answer
 * @typedef {{ method: string, path: string, headers: http.IncomingHttpHeaders, body: any }} Request
 */

/**
 * Answers from now on until the test is over; an answer of null closes the connection without one.
 * @param {import("node:test").TestContext} context
 * @param {(request: Request, index: number) => Answer | null} answer
 * @returns {Promise<Request[]>} what was asked
 */
export async function serve(context, answer) {
  /** @type {Request[]} */
  const requests = [];
  const server = http.createServer(async (incoming, outgoing) => {
    let text = "";
    for await (const chunk of incoming) text += chunk;
    const { method = "", url = "", headers } = incoming;
    requests.push({ method, path: url, headers, body: text ? JSON.parse(text) : null });
    const told = answer(requests[requests.length - 1], requests.length - 1);
    if (told === null) return void incoming.socket.destroy();
    outgoing.writeHead(told.status ?? 200, { "Content-Type": "application/json", ...told.headers });
    return void outgoing.end(told.status === 304 ? undefined : JSON.stringify(told.body ?? {}));
  });
  await new Promise((go) => {
    server.listen(0, "127.0.0.1", () => go(null));
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const real = globalThis.fetch;
  globalThis.fetch = (path, request) => real(`http://127.0.0.1:${port}${path}`, request);
  context.after(() => {
    globalThis.fetch = real;
    server.closeAllConnections();
    server.close();
  });
  return requests;
}
