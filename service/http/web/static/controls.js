// The controls: native fields, so that keyboard, screen reader and phone know them. Each change is one new question.
import { basePeriod } from "./base_periods.js";
import { make } from "./elements.js";
import { limits } from "./limits.js";
import { asKind, boundsOf, isWhole, step, today } from "./periods.js";
import { partWords } from "./phrases.js";
import { COMPARISONS, KINDS, MEASURES } from "./question.js";
import { nameOf, word } from "./words.js";

/** @typedef {(change: Partial<Question>) => void} Change */

/** @type {Partial<Record<PeriodKind, number>>} */
const PARTS = { half: 2, quarter: 4, month: 12 };

/**
 * @template {string | number} T
 * @param {string} id
 * @param {string} label
 * @param {[value: T, text: string][]} options
 * @param {T} chosen
 * @param {(value: T) => void} onChange
 */
export function select(id, label, options, chosen, onChange) {
  const field = make("select", { id }, ...options.map(([value, text]) => make("option", { value }, text)));
  field.value = String(chosen);
  field.addEventListener("change", () => onChange(options[field.selectedIndex][0]));
  return make("div", { class: "field" }, make("label", { for: id }, label), field);
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} value
 * @param {(value: string) => void} onChange
 */
function dateField(id, label, value, onChange) {
  const field = make("input", { id, type: "date", value, min: limits().first_day });
  // While a year is typed it is the year 2 or 20 first; only what may be asked for is asked.
  field.addEventListener("change", () => field.value && field.validity.valid && onChange(field.value));
  return make("div", { class: "field" }, make("label", { for: id }, label), field);
}

/**
 * The years that can be chosen, newest first: those with trade, the year before this one, and the chosen one.
 * @param {number[]} known
 * @param {number} chosen
 * @param {number} last
 * @returns {[value: number, text: string][]}
 */
export function yearsFor(known, chosen, last = Number(today().slice(0, 4))) {
  const first = Math.max(Math.min(...known, chosen, last - 1), last - limits().period_years_max);
  const found = new Set([chosen]);
  for (let year = last; year >= first; year -= 1) found.add(year);
  return [...found].sort((a, b) => b - a).map((year) => [year, String(year)]);
}

/**
 * @param {Period} period
 * @param {number[]} known
 * @param {Change} change
 */
function periodFields(period, known, change) {
  if (period.kind === "ytd") {
    return [dateField("to", word("to"), period.to, (to) => change({ period: { ...period, to } }))];
  }
  if (period.kind === "free") {
    return [
      dateField("from", word("from"), period.from, (from) => change({ period: { ...period, from } })),
      dateField("to", word("to"), period.to, (to) => change({ period: { ...period, to } })),
    ];
  }
  const { kind } = period;
  const years = yearsFor(known, period.year);
  const fields = [
    select("year", word("dimension.year"), years, period.year, (year) => change({ period: { ...period, year } })),
  ];
  const count = PARTS[kind];
  if (count) {
    const parts = Array.from(
      { length: count },
      (_, n) => /** @type {[number, string]} */ ([n + 1, partWords(kind, n + 1)]),
    );
    fields.push(
      select("part", word(`kind.${kind}`), parts, period.part, (part) => change({ period: { ...period, part } })),
    );
  }
  return fields;
}

/**
 * @param {1 | -1} by
 * @param {Period} period
 * @param {Change} change
 */
function stepButton(by, period, change) {
  const [id, sign] = by < 0 ? ["earlier", "‹"] : ["later", "›"];
  const made = make("button", { type: "button", id, "aria-label": word(id), title: word(id) }, sign);
  made.addEventListener("click", () => change({ period: step(period, by) }));
  return made;
}

const LONG = 15;

/**
 * @param {string} name
 * @param {string[]} values
 * @param {string[]} chosen
 * @param {(name: string, value: string, on: boolean) => void} toggle
 */
function filterGroup(name, values, chosen, toggle) {
  const boxes = values.map((value) => {
    const box = make("input", { type: "checkbox", id: `${name}-${value}`, name, value });
    box.checked = chosen.includes(value);
    box.addEventListener("change", () => toggle(name, value, box.checked));
    return { box, label: make("label", { for: box.id }, box, ` ${nameOf(name, value)}`) };
  });
  const isLong = values.length > LONG;
  const search = isLong && searchField(name, boxes);
  const legend = make("legend", {}, word(`dimension.${name}`));
  return make("fieldset", isLong ? { class: "long" } : {}, legend, search, ...boxes.map(({ label }) => label));
}

/** @type {Map<string, string>} What is sought in a long list stays while the controls are drawn anew. */
const sought = new Map();

/**
 * @param {string} name
 * @param {{ box: HTMLInputElement, label: HTMLElement }[]} boxes
 */
function searchField(name, boxes) {
  const said = `${word("search")}: ${word(`dimension.${name}`)}`;
  const attributes = { type: "search", id: `search-${name}`, "aria-label": said, placeholder: word("search") };
  const field = make("input", attributes);
  const narrow = () => {
    const text = field.value.trim().toLowerCase();
    sought.set(name, field.value);
    for (const { box, label } of boxes) {
      label.hidden = !label.textContent?.toLowerCase().includes(text) && !box.checked;
    }
  };
  field.value = sought.get(name) ?? "";
  field.addEventListener("input", narrow);
  narrow();
  return field;
}

/**
 * The filters with one value more or less; one without values goes.
 * @param {Question["filters"]} filters
 * @param {string} name
 * @param {string} value
 * @param {boolean} on
 */
export function toggled(filters, name, value, on) {
  const left = (filters[name] ?? []).filter((other) => other !== value);
  const values = on ? [...left, value].sort() : left;
  const { [name]: _, ...others } = filters;
  return values.length ? { ...others, [name]: values } : others;
}

/**
 * @param {Question} question
 * @param {Choices | null} choices
 * @param {Change} change
 * @param {boolean} isOpen
 */
function filterPanel(question, choices, change, isOpen) {
  const count = Object.values(question.filters).flat().length;
  const summary = make("summary", {}, count ? `${word("filters")} (${count})` : word("filters"));
  const groups = limits().filters.map((name) => {
    const chosen = question.filters[name] ?? [];
    const values = [...new Set([...(choices?.[name] ?? []), ...chosen])];
    return (
      values.length > 0 &&
      filterGroup(name, values, chosen, (...toggle) => change({ filters: toggled(question.filters, ...toggle) }))
    );
  });
  const clear = make("button", { type: "button", id: "clear", disabled: !count }, word("clear"));
  clear.addEventListener("click", () => change({ filters: {} }));
  const inside = make("div", { class: "groups" }, ...groups, clear);
  return make("details", { class: "filters", id: "filters", open: isOpen }, summary, inside);
}

/**
 * @template {string} T
 * @param {readonly T[]} names
 * @param {string} [group]
 * @returns {[value: T, text: string][]}
 */
const named = (names, group = "") => names.map((name) => [name, word(`${group}${name}`)]);

/**
 * What the period is compared with. A base that is to be named begins as the year before, to be changed from there.
 * @param {Question} question
 * @param {Change} change
 */
function compareFields({ compare: chosen, base, period }, change) {
  const field = select("compare", word("compare"), named(COMPARISONS, "compare."), chosen, (compare) => {
    const [from, to] = boundsOf(period);
    const yearBefore = isWhole(period) ? basePeriod({ from, to }, "yoy") : null;
    change({ compare, base: compare === "custom" ? (base ?? yearBefore) : null });
  });
  if (chosen !== "custom") return [field];
  const { from, to } = base ?? { from: "", to: "" };
  return [
    field,
    // The end that was not touched goes along where the base would end before it begins.
    dateField("base_from", word("base_from"), from, (day) => change({ base: { from: day, to: to < day ? day : to } })),
    dateField("base_to", word("base_to"), to, (day) => change({ base: { from: from > day ? day : from, to: day } })),
  ];
}

/**
 * What chooses a period: its kind, its fields, and the steps to its neighbours.
 * @param {Period} period
 * @param {number[]} years those with trade
 * @param {Change} change
 */
export function periodControls(period, years, change) {
  const whole = isWhole(period);
  return [
    select(
      "kind",
      word("kind"),
      named(KINDS, "kind."),
      period.kind,
      (kind) => whole && change({ period: asKind(period, kind) }),
    ),
    ...periodFields(period, years, change),
    whole && make("div", { class: "steps" }, stepButton(-1, period, change), stepButton(1, period, change)),
  ];
}

/**
 * Draws the controls anew for a question and keeps the focus where it was.
 * @param {HTMLElement} form
 * @param {Question} question
 * @param {Choices | null} choices
 * @param {Change} change
 */
export function drawControls(form, question, choices, change) {
  const focused = form.contains(document.activeElement) ? document.activeElement?.id : null;
  const isOpen = form.querySelector("details")?.open ?? false;
  const { period } = question;
  form.setAttribute("aria-label", word("controls"));
  form.replaceChildren(
    make(
      "div",
      { class: "row" },
      ...periodControls(period, (choices?.years ?? []).map(Number), change),
      ...compareFields(question, change),
      select("measure", word("measure"), named(MEASURES), question.measure, (measure) => change({ measure })),
    ),
    filterPanel(question, choices, change, isOpen),
  );
  if (focused) /** @type {HTMLElement | null} */ (form.querySelector(`#${CSS.escape(focused)}`))?.focus();
}
