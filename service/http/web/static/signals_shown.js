// How signals are shown: each rule with what it compares and what it does not say, and its signals below it.
import { linked, make } from "./elements.js";
import { grouped } from "./exact.js";
import { marketClock } from "./periods.js";
import { periodWords } from "./phrases.js";
import { may } from "./shell.js";
import { language, say, word } from "./words.js";

/** @param {SignalParty} party */
const partyWords = ({ id, name }) => (name ? `${name} (${id})` : id);

/** @param {Figure} value */
const figure = (value) => (typeof value === "number" ? grouped(value) : value);

/** @param {Compared} one */
function comparedWords({ figure: name, comparator, value, threshold }) {
  const said = name === "unit_price_cny_per_kg" ? `${name}.${comparator}` : name;
  return say(said, { value: figure(value), threshold: figure(threshold) });
}

/**
 * What a signal is about; who declares for others is called a representative.
 * @param {Signal} signal
 */
function subjectKind({ rule, subject }) {
  return word(rule === "never-self-declared" ? "subject.representative" : `subject.${subject.kind}`);
}

/**
 * The address of the trades behind a signal on the page of trades.
 * @param {SignalEntries} entries
 * @param {string} lang
 */
export function tradesAddress({ filters }, lang) {
  const params = new URLSearchParams({ ...filters, lang });
  return `/transactions?${params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

/** @param {string} instant */
const clock = (instant) => marketClock(Date.parse(instant));

/** @param {Signal} signal */
function behind({ entries, period }) {
  const { transactions, residents, amount_cny: amount, filters, lists_others: others } = entries;
  const counted = { transactions: grouped(transactions), residents: grouped(residents), amount: grouped(amount) };
  const { recorded_from: from, recorded_to: to } = filters;
  const hour = from ? [say("recorded", { from: clock(from), to: clock(to) })] : [];
  const said = [say("behind", counted), periodWords(period), ...hour].join(" · ");
  const address = may("transactions:read") ? tradesAddress(entries, language()) : null;
  const open = address && linked(word(others ? "open.more" : "open"), address);
  return make("p", { class: "behind" }, said, open && " · ", open);
}

/** @param {Signal} signal */
function item(signal) {
  const { subject, buyer, compared } = signal;
  const heading = make("h3", {}, make("span", { class: "kind" }, subjectKind(signal)), partyWords(subject));
  const lines = [
    make("p", { class: "compared" }, compared.map(comparedWords).join(" · ")),
    buyer && make("p", {}, say(`buyer.${buyer.kind}`, { name: partyWords(buyer) })),
    behind(signal),
  ];
  return make("li", {}, heading, make("div", {}, ...lines));
}

/**
 * A rule: its name, what it means, how many signals there are, and each of them.
 * @param {FoundRule} found
 * @param {Signal[]} signals
 */
export function ruleSection({ rule, found, shown, thresholds }, signals) {
  const title = make("h2", { id: `rule-${rule}` }, word(rule));
  const part = (/** @type {string} */ name, /** @type {string} */ text) =>
    make("div", {}, make("dt", {}, word(name)), make("dd", {}, text));
  const explained = make(
    "dl",
    { class: "explained" },
    part("means", say(`${rule}.means`, thresholds)),
    part("not", word(`${rule}.not`)),
  );
  const counted = found ? say(shown < found ? "counted.some" : "counted", { found, shown }) : word("none");
  const list = make("ul", { class: "list", "aria-labelledby": `rule-${rule}` }, ...signals.map(item));
  const parts = [title, explained, make("p", { class: "count" }, counted), signals.length > 0 && list];
  return make("section", { "aria-labelledby": `rule-${rule}`, "data-rule": rule }, ...parts);
}
