// The sections of a report: a chart with its legend, its readout, its table and its files.
import { draw, erase } from "./charts.js";
import { byId, make, table, within } from "./elements.js";
import { headingOf } from "./report_texts.js";
import { word } from "./words.js";

/** @type {[element: HTMLElement, make: ChartMaker][]} Charts that are drawn together, when all of them are known. */
const waiting = [];

/**
 * @typedef {object} Looks
 * @property {string} [measure]
 * @property {string} [about] what the chart shows, where that is not a measure
 * @property {string[]} [legend]
 * @property {boolean} [isLine]
 * @property {"hatched" | "open"} [second]
 * @property {string} [rest] what a chart leaves out
 */

/**
 * @param {keyof Paths | "taxed"} name
 * @param {ReportContext} context
 * @param {Looks} looks
 */
export function chartSection(name, { answers, baseWord, compared }, looks) {
  const { measure = "", isLine, second = "hatched", rest } = looks;
  const section = byId(name);
  const said = looks.about ?? headingOf(measure);
  const [solid, other] = looks.legend ?? [word("current"), baseWord];
  /**
   * @param {string} kind
   * @param {string} text
   */
  const key = (kind, text) => {
    const sign = make("i", { class: `${kind}${isLine ? " line" : ""}`, "aria-hidden": "true" });
    return make("span", { class: "key" }, sign, text);
  };
  within(section, ".about").replaceChildren(
    make("span", {}, said),
    key("solid", solid),
    other ? key(second, other) : "",
    rest ? make("span", { class: "rest" }, rest) : "",
  );
  within(section, ".readout").textContent = compared;
  const legend = [solid, other].filter(Boolean).join(" / ");
  within(section, ".plot").setAttribute("aria-label", `${word(name)}: ${said}. ${legend}. ${compared}`);
  const path = answers.paths[name === "taxed" ? "months" : name];
  for (const kind of ["csv", "xlsx"]) {
    const link = within(section, `.${kind}`, HTMLAnchorElement);
    link.href = `${path}&format=${kind}`;
    link.setAttribute("aria-label", `${word(name)}, ${kind.toUpperCase()}`);
  }
  return section;
}

/**
 * Has a chart drawn with the others, or says that there is nothing to show.
 * @param {HTMLElement} section
 * @param {Values} current
 * @param {Values} base
 * @param {ChartMaker} maker
 */
export function plot(section, current, base, maker) {
  const hasFigures = [...current, ...base].some((value) => value);
  const empty = within(section, ".empty");
  const canvas = within(section, ".plot");
  empty.hidden = hasFigures;
  empty.textContent = hasFigures ? "" : word("empty.chart");
  canvas.hidden = !hasFigures;
  if (hasFigures) waiting.push([canvas, maker]);
  else erase(canvas);
}

/** Draws all the charts of a report. */
export const drawWaiting = () => draw(waiting.splice(0));

/**
 * Makes a table only when somebody opens it: a change of the question then costs nothing for the closed ones.
 * @param {HTMLElement} section
 * @param {string} caption
 * @param {string[]} head
 * @param {(string | HTMLElement)[][]} rows
 * @param {(string | HTMLElement)[]} total
 */
export function fillTable(section, caption, head, rows, total) {
  const details = within(section, "details", HTMLDetailsElement);
  const place = within(section, ".scroll");
  const fill = () => place.replaceChildren(table(`${word(section.id)} — ${caption}`, head, rows, total));
  place.replaceChildren();
  details.ontoggle = () => {
    if (details.open) fill();
    dispatchEvent(new Event("resize"));
  };
  if (details.open) fill();
}

/**
 * Says beside a chart what is pointed at.
 * @param {HTMLElement} section
 * @param {(index: number) => string} say
 * @returns {(index: number | null) => void}
 */
export function reader(section, say) {
  const place = within(section, ".readout");
  const still = place.textContent;
  return (n) => {
    place.textContent = n === null ? still : say(n);
  };
}
