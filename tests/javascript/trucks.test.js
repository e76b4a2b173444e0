// The page of trucks: what its fields say.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./limits.js";
import { idsOf } from "../../service/http/web/static/consignments_split.js";

test("ids stand with blanks or commas of any script between them", () => {
  assert.deepEqual(idsOf(" r00000001，R00000002、 Ｒ００００００03;R00000004\nR00000005 "), [
    "R00000001",
    "R00000002",
    "R00000003",
    "R00000004",
    "R00000005",
  ]);
  assert.deepEqual(idsOf("   "), []);
});
