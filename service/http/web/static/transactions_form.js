// The search: what is asked for often in one row, everything else folded away.
import { byId, inputById, make } from "./elements.js";
import { knownGroups } from "./groups.js";
import { limits } from "./limits.js";
import { marketClock } from "./periods.js";
import { errorWords } from "./refusals.js";
import { codesOf, nameOf, word } from "./words.js";

const COMMON = ["recorded_from", "recorded_to", "resident_id", "category", "verdict", "recorded_by"];
const MORE = [
  ["from", "to", "direction", "origin", "commodity", "hs_code"],
  ["consignment", "vehicle_plate", "reference", "declarant_id", "trade_point"],
  ["group_id", "settlement"],
  ["kind", "reversed", "order"],
].flat();
const DAYS = ["from", "to", "recorded_from", "recorded_to"];
/** The filters that can ask for entries without a value. */
const OR_NONE = ["group_id", "settlement"];
const DIMENSIONS = ["category", "origin", "direction", "trade_point", "group_id", "settlement"];
const FIELDS = ["commodity", "hs_code", "consignment", "vehicle_plate", "reference"];
const VERDICTS = ["exempt", "partly_taxed", "taxed", "export"];
/** What a choice of "none" is called in the form: an empty value there means any. */
const NONE = "-";

/**
 * The id of a filter's field.
 * @param {string} name
 */
const idOf = (name) => `find-${name}`;

/** @param {string} name */
export function labelOf(name) {
  if (DIMENSIONS.includes(name)) return word(`dimension.${name}`);
  return word(FIELDS.includes(name) ? `field.${name}` : name);
}

/** @type {Record<string, (value: string) => string>} */
const NAMES = {
  verdict: (value) => word(`verdict.${value}`),
  kind: (value) => word(`kind.${value}`),
  reversed: (value) => word(`reversed.${value}`),
  order: (value) => word(`order.${value}`),
};

/**
 * What a value of a filter is called.
 * @param {string} name
 * @param {string} value
 * @param {(Recorder | null)[]} clerks
 */
function valueWords(name, value, clerks) {
  if (name === "recorded_by") {
    if (!value) return word("unknown.clerk");
    return clerks.find((each) => String(each?.id) === value)?.name ?? value;
  }
  if (DIMENSIONS.includes(name)) return nameOf(name, value || null);
  if (DAYS.includes(name)) return value.replace("T", " ").replace("+08:00", "");
  return NAMES[name]?.(value) ?? value;
}

/**
 * A filter in words, all its values.
 * @param {string} name
 * @param {string} values
 * @param {(Recorder | null)[]} clerks
 */
const filterWords = (name, values, clerks) =>
  values
    .split(",")
    .map((value) => valueWords(name, value, clerks))
    .join(", ");

/**
 * What was searched for, in words.
 * @param {Record<string, string>} filters
 * @param {(Recorder | null)[]} clerks
 */
export const scopeWords = (filters, clerks) =>
  Object.entries(filters)
    .filter(([name]) => name !== "order")
    .map(([name, values]) => `${labelOf(name)}: ${filterWords(name, values, clerks)}`)
    .join(" · ");

/**
 * The values that can be chosen; null where a text is typed.
 * @param {string} name
 * @param {(Recorder | null)[]} clerks
 * @returns {string[] | null}
 */
function choicesOf(name, clerks) {
  switch (name) {
    case "category":
    case "origin":
      return codesOf(name);
    case "direction":
      return limits().directions;
    case "verdict":
      return VERDICTS;
    case "kind":
      return ["trade", "reversal"];
    case "reversed":
      return ["false", "true"];
    case "order":
      return ["newest", "oldest"];
    case "recorded_by":
      return clerks.map((each) => (each ? String(each.id) : ""));
    default:
      return null;
  }
}

/**
 * @param {string} name
 * @param {string | undefined} now what is chosen; several values are one choice
 * @param {string[]} values
 * @param {(Recorder | null)[]} clerks
 */
function select(name, now, values, clerks) {
  const chosen = now === "" ? NONE : (now ?? "");
  const options = values.map((value) => make("option", { value: value || NONE }, valueWords(name, value, clerks)));
  const isKnown = chosen === "" || values.some((value) => (value || NONE) === chosen);
  const other = isKnown ? "" : make("option", { value: chosen }, filterWords(name, now ?? "", clerks));
  const any = name === "order" ? "" : make("option", { value: "" }, word("any"));
  const made = make("select", { id: idOf(name), "aria-describedby": `${idOf(name)}-error` }, any, other, ...options);
  made.value = chosen || (name === "order" ? "newest" : "");
  return made;
}

/**
 * A day, or an instant where one was asked for, in the time of the market.
 * @param {string} name
 * @param {string} now
 * @param {boolean} isTimed
 */
function moment(name, now, isTimed) {
  const isInstant = now.includes("T");
  const ends = name.endsWith("_to") ? "T23:59:59" : "T00:00:00";
  const local = isInstant ? marketClock(Date.parse(now)).replace(" ", "T") : now;
  const shown = isTimed && now && !isInstant ? `${now}${ends}` : local;
  const type = isTimed || isInstant ? "datetime-local" : "date";
  const step = type === "date" ? null : 1;
  return make("input", { id: idOf(name), type, step, value: shown, "aria-describedby": `${idOf(name)}-error` });
}

/**
 * @param {string} name
 * @param {string | undefined} now
 */
function text(name, now) {
  const typed = (now ?? "").split(",").filter(Boolean).join(",");
  const listed = name === "group_id" && knownGroups().length ? "known-groups" : null;
  return make("input", {
    id: idOf(name),
    value: typed,
    list: listed,
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: name.endsWith("_id") ? "characters" : null,
    "aria-describedby": `${idOf(name)}-error`,
  });
}

/**
 * @param {string} name
 * @param {string | undefined} now
 */
function noneBox(name, now) {
  const isNone = now !== undefined && now.split(",").includes("");
  const box = make("input", { type: "checkbox", id: `${idOf(name)}-none` });
  box.checked = isNone;
  return make("label", { class: "none" }, box, ` ${nameOf(name, null)}`);
}

/**
 * @param {string} name
 * @param {Search} search
 * @param {(Recorder | null)[]} clerks
 */
function field(name, { filters, view }, clerks) {
  const now = filters[name];
  const choices = choicesOf(name, clerks);
  const isTimed = view === "handover" && name.startsWith("recorded_");
  let input = choices ? select(name, now, choices, clerks) : text(name, now);
  if (DAYS.includes(name)) input = moment(name, now ?? "", isTimed);
  return make(
    "div",
    { class: "field" },
    make("label", { for: idOf(name) }, labelOf(name)),
    input,
    OR_NONE.includes(name) && noneBox(name, now),
    make("p", { class: "wrong", id: `${idOf(name)}-error` }),
  );
}

/** The names of the groups beside their ids, for whoever types one. */
function groupList() {
  const options = knownGroups().map(([id, name]) => make("option", { value: id }, name));
  return make("datalist", { id: "known-groups" }, ...options);
}

/**
 * Draws the form for a search.
 * @param {HTMLElement} form
 * @param {Search} search
 * @param {(Recorder | null)[]} clerks
 */
export function drawForm(form, search, clerks) {
  const wasOpen = form.querySelector("details")?.open ?? false;
  const used = MORE.filter((name) => search.filters[name] !== undefined && name !== "order").length;
  const summary = make("summary", {}, used ? `${word("more.filters")} (${used})` : word("more.filters"));
  const common = COMMON.map((name) => field(name, search, clerks));
  const more = MORE.map((name) => field(name, search, clerks));
  const submit = make("button", { type: "submit", class: "main" }, word(search.view === "list" ? "search" : "show"));
  form.replaceChildren(
    make("div", { class: "row" }, ...common, submit),
    make("details", { class: "filters", open: wasOpen }, summary, make("div", { class: "row" }, ...more)),
    groupList(),
  );
}

/**
 * What a field asks for, as the API takes it; undefined where it asks for anything.
 * @param {string} name
 * @returns {string | undefined}
 */
function valueOf(name) {
  const { value } = /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(idOf(name)));
  const typed = value.trim().normalize("NFC");
  if (DAYS.includes(name)) return typed.includes("T") ? instantOf(typed) : typed || undefined;
  if (OR_NONE.includes(name) && inputById(`${idOf(name)}-none`).checked) return typed ? `,${typed}` : "";
  if (typed === NONE) return "";
  return (name.endsWith("_id") ? typed.toUpperCase() : typed) || undefined;
}

/**
 * A time of the market as an instant.
 * @param {string} local
 */
const instantOf = (local) => `${local}${local.length === 16 ? ":00" : ""}+08:00`;

/** All that the form asks for; an order is always said, so that a search for everything is not that of a day. */
export function formFilters() {
  const values = [...COMMON, ...MORE].map((name) => /** @type {const} */ ([name, valueOf(name)]));
  return /** @type {Record<string, string>} */ (Object.fromEntries(values.filter(([, value]) => value !== undefined)));
}

/**
 * Says beside each field what is wrong with it; returns what is wrong with others.
 * @param {FieldError[]} errors
 */
export function markFields(errors) {
  return errors.filter((error) => {
    const name = error.pointer.slice(1);
    const place = document.getElementById(`${idOf(name)}-error`);
    if (!place) return true;
    const { text: said, lang } = errorWords(error);
    place.replaceChildren(make("span", { lang }, said));
    document.getElementById(idOf(name))?.setAttribute("aria-invalid", "true");
    place.closest("details")?.setAttribute("open", "");
    return false;
  });
}
