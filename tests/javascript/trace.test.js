// The page of traces: its addresses, what boxes are called, and the figures of small ones that are one.
import assert from "node:assert/strict";
import { test } from "node:test";

import { teachPage } from "./words.js";
import { addressOf, askedBy, pathOf } from "../../service/http/web/static/trace_address.js";
import { shownFlow } from "../../service/http/web/static/trace_flow.js";
import { boxWords, columnOf, leadsTo, nodeName, sumOf } from "../../service/http/web/static/trace_texts.js";
import { speak } from "../../service/http/web/static/words.js";

teachPage("trace", "record");
speak("en");

/** @type {TraceAsked} */
const ASKED = { of: "batch", id: "B00000001", output: null, trade_point: null };

/**
 * @param {Partial<TraceNode>} node
 * @returns {TraceNode}
 */
const aNode = (node) => ({
  id: "consignment:erenhot:EL-1",
  kind: "consignment",
  label: "EL-1",
  quantity_kg: "10.000",
  amount_cny: "100.00",
  stays_kg: "0.000",
  stays_cny: "0.00",
  whole_kg: null,
  trade_point: null,
  vehicle_plate: null,
  merged: 1,
  ...node,
});

test("an address asks for one thing, and says it in any language", () => {
  assert.deepEqual(askedBy("?batch=B00000001&output=2&lang=mn"), { ...ASKED, output: "2" });
  assert.deepEqual(askedBy("?consignment=EL%2F1&trade_point=mandula"), {
    of: "consignment",
    id: "EL/1",
    output: null,
    trade_point: "mandula",
  });
  assert.equal(askedBy("?lang=en"), null);
  assert.equal(askedBy("?batch=%20"), null);
  for (const query of ["batch=B00000001&output=2", "consignment=EL-1&trade_point=mandula", "transaction=x"]) {
    assert.equal(addressOf(askedBy(`?${query}`), "en"), `/trace?${query}&lang=en`);
  }
});

test("the API is asked with what the address says", () => {
  assert.equal(pathOf({ ...ASKED, output: "2" }), "/v1/trace/processing-batches/B00000001?output=2");
  assert.equal(pathOf(ASKED, "abc"), "/v1/trace/processing-batches/B00000001?cursor=abc");
  const truck = /** @type {TraceAsked} */ ({ of: "consignment", id: "蒙 1", output: null, trade_point: "mandula" });
  assert.equal(pathOf(truck), "/v1/trace/consignments/%E8%92%99%201?trade_point=mandula");
});

test("boxes without a label are called in words", () => {
  assert.equal(nodeName(aNode({ vehicle_plate: "A1" })), "EL-1 · A1");
  assert.equal(nodeName(aNode({ kind: "origin", id: "origin:MN", label: "MN" })), "Mongolia");
  const loose = aNode({ kind: "transactions", id: "transactions:without-consignment", label: null });
  assert.equal(nodeName(loose), "Trades without a truck");
  assert.equal(columnOf(loose), columnOf(aNode({})), "beside the trucks");
  const several = aNode({ kind: "transfer", id: "transfer:of-several-points", label: null });
  assert.equal(nodeName(several), "Goods of several trade points");
  assert.equal(nodeName(aNode({ label: null, merged: 40 })), "Others (40)");
});

test("a box leads to another trace, and never to the one that is shown", () => {
  const batch = aNode({ kind: "processing_batch", id: "processing_batch:B00000001", label: "B00000001" });
  assert.equal(leadsTo(batch, ASKED), null);
  assert.equal(leadsTo(batch, { ...ASKED, output: "1" }), "/trace?batch=B00000001&lang=en");
  const truck = aNode({ trade_point: "mandula" });
  assert.equal(leadsTo(truck, ASKED), "/trace?consignment=EL-1&trade_point=mandula&lang=en");
  const output = aNode({ kind: "output", id: "output:B00000001:2", label: "x" });
  assert.equal(leadsTo(output, ASKED), "/trace?batch=B00000001&output=2&lang=en");
  assert.equal(leadsTo(aNode({ label: null }), ASKED), null);
});

test("sums are exact, and unknown where a part is", () => {
  assert.equal(sumOf(["0.10", "0.20"], 2), "0.30");
  assert.equal(sumOf(["0.10", null], 2), null);
  assert.equal(sumOf([], 3), "0.000");
});

/**
 * @param {number} count
 * @returns {Trace}
 */
function aTrace(count) {
  const trucks = Array.from({ length: count }, (_, n) =>
    aNode({ id: `consignment:erenhot:${n}`, label: `${n}`, quantity_kg: `${n + 1}.000`, stays_kg: "0.500" }),
  );
  const links = trucks.map(({ id, quantity_kg, amount_cny }) => ({
    source: id,
    target: "transfer:T00000001",
    kind: /** @type {const} */ ("goods"),
    quantity_kg,
    amount_cny,
  }));
  const transfer = aNode({ id: "transfer:T00000001", kind: "transfer", label: "T00000001", whole_kg: "9999.000" });
  return /** @type {any} */ ({ nodes: [...trucks, transfer], links });
}

test("small boxes are one, with their exact figures", () => {
  const room = { across: 300, gap: 10, least: 4, shownMax: 3 };
  const { boxes, flows, columns } = shownFlow(aTrace(10), ASKED, "quantity_kg", room);
  assert.deepEqual(columns, ["consignment", "transfer"]);
  const others = boxes.find(({ name }) => name === "Others (8)");
  assert.ok(others);
  assert.deepEqual(
    [others.quantity_kg, others.amount_cny, others.stays_kg, others.href],
    ["36.000", "800.00", "4.000", null],
  );
  const flow = flows.find(({ source }) => source === others);
  assert.deepEqual([flow?.quantity_kg, flow?.amount_cny], ["36.000", "800.00"]);
});

test("a box says its figures, what stays and what it holds besides", () => {
  const room = { across: 300, gap: 10, least: 4, shownMax: 3 };
  const { boxes } = shownFlow(aTrace(1), ASKED, "quantity_kg", room);
  assert.deepEqual(
    boxes.map((box) => boxWords(box).replaceAll("\u00a0", " ")),
    [
      "Truck 0: 1.000 kg, 100.00 CNY; 0.500 kg of it stay here",
      "Transfer T00000001: 10.000 kg, 100.00 CNY; 9,999.000 kg with other goods",
    ],
  );
});

test("what has no stated value is drawn as small as can be, and said", () => {
  const output = aNode({ id: "output:B00000001:1", kind: "output", label: "x", amount_cny: null, stays_kg: null });
  const room = { across: 300, gap: 10, least: 4, shownMax: 3 };
  const { boxes } = shownFlow(/** @type {any} */ ({ nodes: [output], links: [] }), ASKED, "amount_cny", room);
  assert.equal(boxes[0].box.size, 4);
  assert.match(boxWords(boxes[0]), /not stated/);
});
