// The picture of a flow, as SVG: boxes that can be reached by keyboard, ribbons between them, and names beside them.
import { cutTo } from "./chart_bars.js";
import { flatPen } from "./chart_parts.js";
import { compact } from "./exact.js";
import { shownFlow } from "./trace_flow.js";
import { boxWords, cny } from "./trace_texts.js";
import { language, say, word } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
/** A page that is narrower has its columns one below the other. */
export const NARROW_PX = 640;
const THICK = 14;
const TEXT_PX = 12;
const LINE_PX = 15;
/** The room of a picture whose columns stand side by side, and of one whose columns stand one below the other. */
export const WIDE = { across: 380, gap: 30, least: 4, shownMax: 12 };
export const TALL = { across: 320, gap: 10, least: 64, shownMax: 4 };
const HEAD_PX = 26;
const ROW_PX = 116;

/** @typedef {import("./trace_flow.js").Shown} Shown */
/** @typedef {{ isTall: boolean, width: number, step: number, names: number, measure: TraceMeasure }} Frame */

/**
 * @param {string} tag
 * @param {Record<string, string | number | null | undefined>} attributes
 * @param {...(Node | string)} inside
 */
function draw(tag, attributes = {}, ...inside) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...inside);
  return element;
}

/**
 * The picture of a trace in a width.
 * @param {Trace} trace
 * @param {TraceAsked} asked
 * @param {TraceMeasure} measure
 * @param {number} width
 * @param {(words: string) => void} tell says the figures of a box that is pointed to or reached
 */
export function pictureOf(trace, asked, measure, width, tell) {
  const isTall = width < NARROW_PX;
  const shown = shownFlow(trace, asked, measure, isTall ? { ...TALL, across: width } : WIDE);
  const names = isTall ? 0 : Math.min(190, width * 0.17);
  const gaps = Math.max(1, shown.columns.length - 1);
  const step = isTall ? ROW_PX : (width - THICK - names) / gaps;
  const frame = { isTall, width, step, names, measure };
  const height = isTall ? HEAD_PX + gaps * ROW_PX + THICK + 2 * LINE_PX + 6 : HEAD_PX + shown.across + 2 * LINE_PX;
  const wide = isTall ? Math.max(width, shown.across) : width;
  const made = draw("svg", {
    viewBox: `0 0 ${Math.round(wide)} ${Math.round(height)}`,
    role: "group",
    "aria-labelledby": "flow-name flow-says",
    class: isTall ? "flow tall" : "flow",
  });
  made.append(
    draw("title", { id: "flow-name" }, word("picture")),
    draw("desc", { id: "flow-says" }, describe(shown)),
    draw("g", { class: "heads", "aria-hidden": "true" }, ...heads(shown, frame)),
    draw("g", { class: "ribbons", "aria-hidden": "true" }, ...shown.flows.map((flow) => ribbon(flow, frame))),
    draw("g", {}, ...shown.boxes.map((box) => boxOf(box, shown, frame, tell))),
  );
  return { picture: made, shown };
}

/** @param {Shown} shown */
function describe({ boxes, flows, columns }) {
  const kinds = columns.map((kind) => word(`kind.${kind}`)).join(word("picture.then"));
  return say("picture.says", { kinds, boxes: boxes.length, flows: flows.length });
}

/**
 * What stands in each column, above it.
 * @param {Shown} shown
 * @param {Frame} frame
 */
const heads = ({ columns }, frame) =>
  columns.map((kind, n) => {
    const room = frame.isTall ? frame.width : n === columns.length - 1 ? THICK + frame.names : frame.step - 8;
    const text = fitted(word(`kind.${kind}`), room);
    const at = frame.isTall ? { x: 0, y: HEAD_PX + n * frame.step - 8 } : { x: n * frame.step, y: 14 };
    return draw("text", { ...at, class: "head" }, text);
  });

/**
 * A point of the picture: so far along the columns, and so far across them.
 * @param {number} along
 * @param {number} across
 * @param {Frame} frame
 */
const at = (along, across, { isTall }) =>
  isTall ? `${round(across)},${round(along + HEAD_PX)}` : `${round(along)},${round(across + HEAD_PX)}`;

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/**
 * @param {import("./trace_flow.js").ShownFlow} flow
 * @param {Frame} frame
 */
function ribbon({ source, target, ribbon: { from, to } }, frame) {
  const start = source.box.column * frame.step + THICK;
  const end = target.box.column * frame.step;
  const middle = (start + end) / 2;
  // What is thinner than a line is drawn as one.
  const [fromEnd, toEnd] = [Math.max(from[1], from[0] + 1), Math.max(to[1], to[0] + 1)];
  const path = [
    `M${at(start, from[0], frame)}`,
    `C${at(middle, from[0], frame)} ${at(middle, to[0], frame)} ${at(end, to[0], frame)}`,
    `L${at(end, toEnd, frame)}`,
    `C${at(middle, toEnd, frame)} ${at(middle, fromEnd, frame)} ${at(start, fromEnd, frame)}Z`,
  ];
  const look = target.kind === "output" ? "ribbon made" : "ribbon";
  return draw("path", { d: path.join(" "), class: look, "data-from": source.box.id, "data-to": target.box.id });
}

/**
 * A box with its name and figure; one that leads somewhere is a link.
 * @param {TraceBox} shownBox
 * @param {Shown} shown
 * @param {Frame} frame
 * @param {(words: string) => void} tell
 */
function boxOf(shownBox, shown, frame, tell) {
  const { box, href, kind, stays_kg: stays } = shownBox;
  const words = boxWords(shownBox);
  const attributes = href
    ? { href, "aria-label": words, class: `box ${kind}` }
    : { role: "img", tabindex: 0, "aria-label": words, class: `box ${kind}` };
  const parts = [area(box.start, box.size, box.column, frame, "body")];
  if (stays !== null && box.stays > 0.5) {
    parts.push(area(box.start + box.size - box.stays, box.stays, box.column, frame, "stays"));
  }
  const made = draw(
    href ? "a" : "g",
    attributes,
    draw("title", {}, words),
    ...parts,
    ...labels(shownBox, shown, frame),
  );
  const show = () => {
    tell(words);
    light(made, box.id);
  };
  const hide = () => {
    tell("");
    light(made, null);
  };
  for (const [name, act] of /** @type {[string, () => void][]} */ ([
    ["focus", show],
    ["pointerenter", show],
    ["blur", hide],
    ["pointerleave", hide],
  ])) {
    made.addEventListener(name, act);
  }
  return made;
}

/**
 * Lights the ribbons of a box, and no others.
 * @param {Element} within
 * @param {string | null} id
 */
function light(within, id) {
  const picture = within.closest("svg");
  picture?.classList.toggle("lit", id !== null);
  for (const each of picture?.querySelectorAll(".ribbon") ?? []) {
    const { from, to } = /** @type {SVGElement} */ (each).dataset;
    each.classList.toggle("on", id !== null && (from === id || to === id));
  }
}

/**
 * @param {number} start
 * @param {number} size
 * @param {number} column
 * @param {Frame} frame
 * @param {string} look
 */
function area(start, size, column, { isTall, step }, look) {
  const along = column * step;
  const place = isTall
    ? { x: round(start), y: round(along + HEAD_PX), width: round(size), height: THICK }
    : { x: round(along), y: round(start + HEAD_PX), width: THICK, height: round(size) };
  return draw("rect", { ...place, class: look });
}

/**
 * The name of a box and its figure, as much of them as there is room for.
 * @param {TraceBox} shownBox
 * @param {Shown} shown
 * @param {Frame} frame
 */
function labels(shownBox, shown, frame) {
  const { box, name } = shownBox;
  const isLast = box.column === shown.columns.length - 1;
  const room = frame.isTall ? box.size + TALL.gap - 4 : (isLast ? frame.names : frame.step - THICK) - 12;
  const x = frame.isTall ? box.start : box.column * frame.step + THICK + 6;
  const y = frame.isTall
    ? box.column * frame.step + HEAD_PX + THICK + TEXT_PX + 2
    : box.start + box.size / 2 + HEAD_PX - 2;
  return [
    draw("text", { x: round(x), y: round(y), class: "name" }, fitted(name, room)),
    draw(
      "text",
      { x: round(x), y: round(y + LINE_PX - 1), class: "figure" },
      fitted(figureOf(shownBox[frame.measure], frame.measure), room),
    ),
  ];
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

/**
 * @param {string} text
 * @param {number} room
 */
function fitted(text, room) {
  const pen = flatPen(new OffscreenCanvas(1, 1));
  pen.font = `${TEXT_PX}px ${getComputedStyle(document.body).fontFamily}`;
  return cutTo(text, room, (each) => pen.measureText(each).width);
}
