// The controls: native fields, so that keyboard, screen reader and phone know them. Each change is one new question.
import { FILTERS, KINDS, MEASURES, asKind, boundsOf, step, today } from "./question.js";
import { make } from "./tables.js";
import { nameOf, partWords, word } from "./words.js";

const PARTS = { half: 2, quarter: 4, month: 12 };
const YEARS_MAX = 10;

function select(id, label, options, chosen, onChange) {
  const field = make("select", { id }, ...options.map(([value, text]) => make("option", { value }, text)));
  field.value = String(chosen);
  field.addEventListener("change", () => onChange(field.value));
  return make("div", { class: "field" }, make("label", { for: id }, label), field);
}

function dateField(id, label, value, onChange) {
  const field = make("input", { id, type: "date", value, min: "2000-01-01" });
  // While a year is typed it is the year 2 or 20 first; only what may be asked for is asked.
  field.addEventListener("change", () => field.value && field.validity.valid && onChange(field.value));
  return make("div", { class: "field" }, make("label", { for: id }, label), field);
}

function years(known, chosen) {
  const last = Number(today().slice(0, 4));
  const first = Math.max(Math.min(...known, chosen, last - 1), last - YEARS_MAX);
  const found = new Set([chosen]);
  for (let year = last; year >= first; year -= 1) found.add(year);
  return [...found].sort((a, b) => b - a).map((year) => [year, String(year)]);
}

function periodFields(period, known, change) {
  const set = (part) => change({ period: { ...period, ...part } });
  if (period.kind === "ytd") return [dateField("to", word("to"), period.to, (to) => set({ to }))];
  if (period.kind === "free") {
    return [
      dateField("from", word("from"), period.from, (from) => set({ from })),
      dateField("to", word("to"), period.to, (to) => set({ to })),
    ];
  }
  const fields = [
    select("year", word("year"), years(known, period.year), period.year, (year) => set({ year: Number(year) })),
  ];
  if (PARTS[period.kind]) {
    const parts = Array.from({ length: PARTS[period.kind] }, (_, n) => [n + 1, partWords(period.kind, n + 1)]);
    fields.push(select("part", word(`kind.${period.kind}`), parts, period.part, (part) => set({ part: Number(part) })));
  }
  return fields;
}

function stepButton(by, period, change) {
  const name = word(by < 0 ? "earlier" : "later");
  const button = make(
    "button",
    { type: "button", id: by < 0 ? "earlier" : "later", "aria-label": name, title: name },
    by < 0 ? "‹" : "›",
  );
  button.addEventListener("click", () => change({ period: step(period, by) }));
  return button;
}

const LONG = 15;

function filterGroup(name, values, chosen, toggle) {
  const boxes = values.map((value) => {
    const box = make("input", { type: "checkbox", id: `${name}-${value}`, name, value });
    box.checked = chosen.includes(value);
    box.addEventListener("change", () => toggle(name, value, box.checked));
    return make("label", { for: box.id }, box, ` ${nameOf(name, value)}`);
  });
  const isLong = values.length > LONG;
  return make(
    "fieldset",
    isLong ? { class: "long" } : {},
    make("legend", {}, word(`filter.${name}`)),
    isLong && searchField(name, boxes),
    ...boxes,
  );
}

// What is sought in a long list stays while the controls are drawn anew.
const sought = new Map();

function searchField(name, boxes) {
  const field = make("input", {
    type: "search",
    id: `search-${name}`,
    "aria-label": `${word("search")}: ${word(`filter.${name}`)}`,
    placeholder: word("search"),
  });
  const narrow = () => {
    const text = field.value.trim().toLowerCase();
    sought.set(name, field.value);
    for (const box of boxes) box.hidden = !box.textContent.toLowerCase().includes(text) && !box.firstChild.checked;
  };
  field.value = sought.get(name) ?? "";
  field.addEventListener("input", narrow);
  narrow();
  return field;
}

function filterPanel(question, choices, change, isOpen) {
  const count = Object.values(question.filters).flat().length;
  const panel = make(
    "details",
    { class: "filters", id: "filters", open: isOpen },
    make("summary", {}, count ? `${word("filters")} (${count})` : word("filters")),
  );
  const toggle = (name, value, on) => {
    const left = (question.filters[name] ?? []).filter((other) => other !== value);
    const values = on ? [...left, value].sort() : left;
    const { [name]: _, ...others } = question.filters;
    change({ filters: values.length ? { ...others, [name]: values } : others });
  };
  const groups = FILTERS.map((name) => {
    const chosen = question.filters[name] ?? [];
    const values = [...new Set([...(choices?.[name] ?? []), ...chosen])];
    return values.length ? filterGroup(name, values, chosen, toggle) : null;
  });
  const clear = make("button", { type: "button", id: "clear", disabled: !count }, word("clear"));
  clear.addEventListener("click", () => change({ filters: {} }));
  panel.append(make("div", { class: "groups" }, ...groups.filter(Boolean), clear));
  return panel;
}

// Draws the controls anew for a question and keeps the focus where it was.
export function drawControls(form, question, choices, change) {
  const focused = form.contains(document.activeElement) ? document.activeElement.id : null;
  const isOpen = form.querySelector("#filters")?.open ?? false;
  const { period } = question;
  const isWhole = boundsOf(period).every((text) => !Number.isNaN(Date.parse(text)));
  form.setAttribute("aria-label", word("controls"));
  form.replaceChildren(
    make(
      "div",
      { class: "row" },
      select(
        "kind",
        word("kind"),
        KINDS.map((kind) => [kind, word(`kind.${kind}`)]),
        period.kind,
        (kind) => isWhole && change({ period: asKind(period, kind) }),
      ),
      ...periodFields(period, choices?.years ?? [], change),
      ...(isWhole
        ? [make("div", { class: "steps" }, stepButton(-1, period, change), stepButton(1, period, change))]
        : []),
      select(
        "compare",
        word("compare"),
        ["yoy", "previous"].map((name) => [name, word(`compare.${name}`)]),
        question.compare,
        (compare) => change({ compare }),
      ),
      select(
        "measure",
        word("measure"),
        MEASURES.map((name) => [name, word(name)]),
        question.measure,
        (measure) => change({ measure }),
      ),
    ),
    filterPanel(question, choices, change, isOpen),
  );
  if (focused) form.querySelector(`#${CSS.escape(focused)}`)?.focus();
}
