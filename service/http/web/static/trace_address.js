// What the page of traces is asked for, as its address says it, and where the API answers that.

const KINDS = /** @type {const} */ (["batch", "consignment", "transaction"]);
const PATHS = { batch: "processing-batches", consignment: "consignments", transaction: "transactions" };

/**
 * What an address asks for; null when it names nothing.
 * @param {string} search
 * @returns {TraceAsked | null}
 */
export function askedBy(search) {
  const params = new URLSearchParams(search);
  const of = KINDS.find((kind) => params.get(kind)?.trim());
  if (!of) return null;
  const id = (params.get(of) ?? "").trim();
  return { of, id, output: params.get("output"), trade_point: params.get("trade_point") };
}

/**
 * The address of the page that asks for this.
 * @param {TraceAsked | null} asked
 * @param {string} lang
 */
export function addressOf(asked, lang) {
  const params = new URLSearchParams();
  if (asked) params.set(asked.of, asked.id);
  if (asked?.of === "batch" && asked.output) params.set("output", asked.output);
  if (asked?.of === "consignment" && asked.trade_point) params.set("trade_point", asked.trade_point);
  params.set("lang", lang);
  return `/trace?${params}`;
}

/**
 * Where the API answers it.
 * @param {TraceAsked} asked
 * @param {string | null} [cursor] of the page of trades
 */
export function pathOf({ of, id, output, trade_point: point }, cursor = null) {
  const params = new URLSearchParams();
  if (of === "batch" && output) params.set("output", output);
  if (of === "consignment" && point) params.set("trade_point", point);
  if (cursor) params.set("cursor", cursor);
  const query = params.size ? `?${params}` : "";
  return `/v1/trace/${PATHS[of]}/${encodeURIComponent(id)}${query}`;
}
