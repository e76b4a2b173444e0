// The clerk's line: lengths as the API counts them, keys that send nothing, and what may stay in a browser.
import assert from "node:assert/strict";
import { test } from "node:test";

import "./limits.js";
import { isComplete, lineOf } from "../../service/http/web/static/record_fields.js";
import { sendsNothing } from "../../service/http/web/static/record_keys.js";
import { characters, cut, surplus, usedOf } from "../../service/http/web/static/record_limits.js";
import { withoutCitizenNumbers } from "../../service/http/web/static/record_session.js";
import { refusalKind } from "../../service/http/web/static/record_verdict.js";
import { essentials, rowsOf } from "../../service/http/web/static/record_entry.js";
import { errorWords, failureWords } from "../../service/http/web/static/refusals.js";
import { allows } from "../../service/http/web/static/shell.js";
import { speak } from "../../service/http/web/static/words.js";
import { teachPage } from "./words.js";

teachPage("record");

test("a character counts once, whatever a browser makes of it", () => {
  assert.equal(characters("\u{20bb7}野家"), 3);
  assert.equal(surplus("\u{20bb7}野家"), 1);
  assert.equal(characters("и\u0306"), 1);
  assert.equal(surplus("и\u0306"), 1);
  assert.equal(characters(""), 0);
});

test("only what is too long is cut, between characters", () => {
  assert.equal(cut("\u{20bb7}\u{20bb7}\u{20bb7}", 2), "\u{20bb7}\u{20bb7}");
  assert.equal(cut("й".repeat(3).normalize("NFD"), 2), "йй");
  assert.equal(cut("и\u0306", 1), "и\u0306", "what fits stays as it was typed");
});

test("how much is used is said from four fifths on", () => {
  assert.equal(usedOf(79, 100, "full"), "");
  assert.equal(usedOf(80, 100, "full"), "80 / 100");
  assert.equal(usedOf(100, 100, "full"), "100 / 100 · full");
});

test("an Enter that is held down or ends a word sends nothing", () => {
  const pressed = { key: "Enter", repeat: false, isComposing: false, keyCode: 13 };
  assert.equal(sendsNothing(pressed), false);
  assert.equal(sendsNothing({ ...pressed, repeat: true }), true);
  assert.equal(sendsNothing({ ...pressed, isComposing: true }), true);
  assert.equal(sendsNothing({ ...pressed, keyCode: 229 }), true, "Safari's Enter at the end of a word");
  assert.equal(sendsNothing({ ...pressed, repeat: true }, "A"), false);
  assert.equal(sendsNothing({ ...pressed, key: "a", repeat: true }), false);
});

/** @type {Record<string, string>} */
const TYPED = {
  direction: "import", trade_point: "erenhot", category: "meat", commodity: " 冻马肉 ", origin: "MN", quantity_kg: "50",
  amount_cny: "１，０００", price: "", traded_at: "2024-04-03T10:00", seller: "",
  over_allowance: "tax", hs_code: "", consignment: "C-1", vehicle_plate: "  ", reference: "",
}; // prettier-ignore

test("a line is what was typed, in the time of the market, without empty fields", () => {
  const line = lineOf("R00000001", (name) => TYPED[name]);
  assert.deepEqual(line, {
    resident_id: "R00000001",
    direction: "import",
    trade_point: "erenhot",
    over_allowance: "tax",
    category: "meat",
    commodity: "冻马肉",
    origin: "MN",
    quantity_kg: "50",
    amount_cny: "1000",
    traded_at: "2024-04-03T10:00:00+08:00",
    consignment: "C-1",
  });
  assert.equal(isComplete(line), true);
  assert.equal(isComplete({ ...line, origin: "" }), false);
  assert.equal(isComplete({ ...line, resident_id: null }), false);
});

test("seconds that were typed are kept, and a letter of two marks becomes one", () => {
  const typed = { ...TYPED, traded_at: "2024-04-03T10:00:59", commodity: "Х\u043e\u043d\u0438\u0306" };
  const line = lineOf("R00000001", (name) => typed[/** @type {keyof typeof typed} */ (name)]);
  assert.equal(line.traded_at, "2024-04-03T10:00:59+08:00");
  assert.equal(line.commodity, "Хон\u0439");
});

test("no citizen number stays in a browser, in whichever field it was typed", () => {
  const draft = {
    amount_cny: "1300",
    reference: "No. 152501199001011238",
    commodity: "15250119900101123x",
    resident_id: null,
  };
  assert.deepEqual(withoutCitizenNumbers(draft, "^[0-9]{17}[0-9Xx]$"), { amount_cny: "1300" });
});

test("a rule refuses for good, a field can be corrected, a service may answer soon", () => {
  assert.equal(refusalKind({ status: 422, problem: { code: "allowance-exceeded" } }), "quote.refused");
  assert.equal(refusalKind({ status: 409, problem: { code: "reference-exists" } }), "quote.refused");
  assert.equal(refusalKind({ status: 422, problem: { code: "validation-failed" } }), "quote.wrong");
  assert.equal(refusalKind({ status: 503, problem: null }), "quote.failed");
});

test("a refusal is said in the page's language, and what has no words stays as the API says it", () => {
  const exceeded = { status: 422, problem: { code: "allowance-exceeded", detail: "8,000.00 CNY are used." } };
  speak("zh");
  assert.deepEqual(failureWords(exceeded), [{ text: "超出免税额度，交易被拒绝。", lang: null }]);
  const unknown = { status: 422, problem: { code: "new-rule", detail: "Not today." } };
  assert.deepEqual(failureWords(unknown), [{ text: "Not today.", lang: "en" }]);
  assert.equal(failureWords({ status: 0, problem: null })[0].text, "无法连接服务。");
  assert.deepEqual(errorWords({ code: "required", detail: "Send it." }), { text: "此项必填。", lang: null });
  assert.deepEqual(errorWords({ code: "new", detail: "Send it." }), { text: "Send it.", lang: "en" });
  speak("en");
  assert.deepEqual(failureWords(exceeded)[1], { text: "8,000.00 CNY are used.", lang: "en" });
  assert.match(
    errorWords({ code: "in-the-future", detail: "" }).text,
    /In Shanghai it is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
  );
});

test("a receipt says what an entry has, and nothing that it has not", () => {
  speak("en");
  const entry = /** @type {Entry} */ ({
    transaction_id: "t-1", kind: "reversal", resident_id: "R00000001", category: "meat", commodity: "冻马肉", origin: "MN",
    hs_code: null, trade_point: "erenhot", quantity_kg: "-50.000", amount_cny: "-1000.00", exempt_cny: "-1000.00",
    taxable_cny: "0.00", verdict: "exempt", rule_version: "2024", traded_at: "2024-04-03T10:00:00+08:00",
    recorded_at: "2024-04-03T10:00:01.123456+08:00", consignment: null, vehicle_plate: null, reference: null,
    reverses: "t-0", reason: "称重有误",
  }); // prettier-ignore
  const rows = Object.fromEntries(rowsOf(entry, "阿****格"));
  assert.equal(rows.Resident, "R00000001 阿****格");
  assert.equal(rows.Amount, "−1,000.00\u00a0CNY");
  assert.equal(rows.Weight, "−50.000\u00a0kg");
  assert.equal(rows["Country of origin"], "Mongolia");
  assert.equal(rows["Recorded at"], "2024-04-03 10:00:01");
  assert.equal("HS code" in rows, false);
});

test("the code on a receipt says what to ask for and what the answer has to be", () => {
  const proof = { transaction: { transaction_id: "t-1" }, leaf_hash: "ab", block: { no: 7, hash: "cd" } };
  assert.equal(essentials(proof), "hushi-proof:1\ntransaction:t-1\nleaf:ab\nblock:7\nhash:cd");
});

test("a scope is held by name or by an admin, and by nobody without a session", () => {
  const session = { id: 1, name: "柜台", scopes: ["transactions:write"], csrf_token: "" };
  assert.equal(allows(session, "transactions:write"), true);
  assert.equal(allows(session, "reports:read"), false);
  assert.equal(allows({ ...session, scopes: ["admin"] }, "reports:read"), true);
  assert.equal(allows(null, "reports:read"), false);
});
