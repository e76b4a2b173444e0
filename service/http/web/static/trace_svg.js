// What the picture of a flow is drawn with: elements of SVG, the sizes of its parts, and texts that are cut to their room.
import { cutTo } from "./chart_bars.js";
import { flatPen } from "./chart_parts.js";

const SVG = "http://www.w3.org/2000/svg";
/** How thick a box is, along the columns. */
export const THICK = 14;
export const TEXT_PX = 12;
export const LINE_PX = 15;
/** The room above the boxes, for what stands in each column. */
export const HEAD_PX = 26;

/** @typedef {import("./trace_flow.js").Shown} Shown */
/** @typedef {{ isTall: boolean, width: number, step: number, names: number, measure: TraceMeasure }} Frame */

/**
 * @param {string} tag
 * @param {Record<string, string | number | null | undefined>} attributes
 * @param {...(Node | string)} inside
 */
export function draw(tag, attributes = {}, ...inside) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...inside);
  return element;
}

/** @param {number} value */
export const round = (value) => Math.round(value * 10) / 10;

/**
 * @param {string} text
 * @param {number} room
 */
export const fitted = (text, room) => cutTo(text, room, widthOf());

/**
 * The end of a name that is too long: the trucks of a day begin alike.
 * @param {string} name
 * @param {number} room
 */
export function endOf(name, room) {
  const width = widthOf();
  let shown = name;
  while (shown.length > 2 && width(shown) > room) shown = `…${shown.slice(2)}`;
  return shown;
}

function widthOf() {
  const pen = flatPen(new OffscreenCanvas(1, 1));
  pen.font = `${TEXT_PX}px ${getComputedStyle(document.body).fontFamily}`;
  return (/** @type {string} */ text) => pen.measureText(text).width;
}
