// The names and figures that stand beside the boxes of a picture, as much of them as there is room for.
import { compact } from "./exact.js";
import { HEAD_PX, LINE_PX, TEXT_PX, THICK, draw, endOf, fitted, round } from "./trace_svg.js";
import { cny } from "./trace_texts.js";
import { language, word } from "./words.js";

/** @typedef {import("./trace_flow.js").Shown} Shown */
/** @typedef {import("./trace_svg.js").Frame} Frame */

/**
 * The name of a box and its figure, as much of them as there is room for.
 * @param {TraceBox} shownBox
 * @param {Shown} shown
 * @param {Frame} frame
 */
export function labels(shownBox, shown, frame) {
  const { box, name, short } = shownBox;
  const room = roomBeside(box, shown, frame);
  const x = frame.isTall ? box.start : box.column * frame.step + THICK + 6;
  const y = frame.isTall
    ? box.column * frame.step + HEAD_PX + THICK + TEXT_PX + 2
    : box.start + box.size / 2 + HEAD_PX - 2;
  const cut = shownBox.kind === "consignment" ? endOf : fitted;
  const called = fitted(name, room) === name ? name : cut(short, room);
  return [
    draw("text", { x: round(x), y: round(y), class: shownBox.href ? "called leads" : "called" }, called),
    draw(
      "text",
      { x: round(x), y: round(y + LINE_PX - 1), class: "figure" },
      fitted(figureOf(shownBox[frame.measure], frame.measure), room),
    ),
  ];
}

/**
 * The room for a text: to the next column, or to the next box of a column that lies.
 * @param {import("./trace_layout.js").Box} box
 * @param {Shown} shown
 * @param {Frame} frame
 */
export function roomBeside(box, { boxes, columns }, frame) {
  if (!frame.isTall) return (box.column === columns.length - 1 ? frame.names : frame.step - THICK) - 12;
  const starts = boxes.filter(({ box: { column, start } }) => column === box.column && start > box.start);
  return Math.min(frame.width, ...starts.map((other) => other.box.start)) - box.start - 4;
}

/**
 * A figure in as few digits as a box has room for: the table and the words of the box have all of them.
 * @param {string | null} figure
 * @param {TraceMeasure} measure
 */
function figureOf(figure, measure) {
  if (figure === null) return cny(null);
  const [number, unit] = compact(measure === "quantity_kg" ? figure.slice(0, -1) : figure, language());
  const blank = language() === "zh" ? "" : "\u00a0";
  return `${number.replace(/\.0+$/, "")}${blank}${unit}${unit && blank}${word(`unit.${measure}`)}`;
}
