// The page of residents: what somebody looks for, ids that were pasted, and how two of one masked name are told apart.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./limits.js";
import { rowsOf } from "../../service/http/web/static/residents_card.js";
import { soughtIn } from "../../service/http/web/static/residents_find.js";
import { idsIn } from "../../service/http/web/static/residents_groups.js";
import { speak } from "../../service/http/web/static/words.js";
import { teachPage } from "./words.js";

teachPage("residents", "record");
speak("en");

test("an id, a number and a name are told apart, whatever the width of the digits", () => {
  for (const text of ["R00000001", "r00000001", " ｒ０００００００１ ", "R0000 0001"]) {
    assert.deepEqual(soughtIn(text), { kind: "id", text: "R00000001" });
  }
  const number = { kind: "number", text: "15250119920305456X" };
  for (const text of ["15250119920305456x", "１５２５０１ １９９２０３０５ ４５６Ｘ"]) {
    assert.deepEqual(soughtIn(text), number);
  }
  assert.deepEqual(soughtIn(" 阿拉坦 其其格 "), { kind: "name", text: "阿拉坦 其其格" });
  assert.equal(soughtIn("R1").kind, "number", "what has digits is no name: the ledger says what a number looks like");
  assert.equal(soughtIn("R00000000").kind, "number");
});

test("ids are taken from any list, each once", () => {
  assert.deepEqual(idsIn(" r00000002, R00000003；R00000002\nＲ００００００４、"), [
    "R00000002",
    "R00000003",
    "R0000004",
  ]);
  assert.deepEqual(idsIn("  "), []);
});

test("a resident is told from another one of the same masked name by all that is not masked", () => {
  const one = {
    resident_id: "R00000001",
    name: "王*",
    id_number: "1525**********1238",
    settlement: "东",
    group_id: null,
  };
  const shown = rowsOf({
    ...one,
    registered_on: "2024-01-02",
    valid_until: null,
    recorded_by: { id: 3, name: "柜台" },
  });
  assert.deepEqual(
    shown.map(([, said]) => said),
    ["1525**********1238", "东", "None", "2024-01-02", "No end", "柜台"],
  );
});
