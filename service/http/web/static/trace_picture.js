// The picture of a flow, as SVG: boxes that can be reached by keyboard, ribbons between them, and names beside them.
import { labels, roomBeside } from "./trace_names.js";
import { shownFlow } from "./trace_flow.js";
import { HEAD_PX, LINE_PX, THICK, draw, fitted, round } from "./trace_svg.js";
import { boxWords, columnOf } from "./trace_texts.js";
import { say, word } from "./words.js";

/** @typedef {import("./trace_flow.js").Shown} Shown */
/** @typedef {import("./trace_svg.js").Frame} Frame */

/** A page that is narrower has its columns one below the other. */
const NARROW_PX = 640;
/** The room of a picture whose columns stand side by side, and of one whose columns stand one below the other. */
const WIDE = { gap: 30, least: 4, shownMax: 12 };
const TALL = { gap: 10, least: 64, shownMax: 4 };
/** What all boxes of a column together have at most, where columns stand side by side. */
const BOXES_PX = 230;
const ROW_PX = 116;
/** Few columns stand no farther apart than this, however wide the page is. */
const STEP_PX_MAX = 280;

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
  const shown = shownFlow(trace, asked, measure, isTall ? { ...TALL, across: width } : wideRoom(trace));
  const names = isTall ? 0 : Math.min(190, width * 0.17);
  const gaps = Math.max(1, shown.columns.length - 1);
  const step = isTall ? ROW_PX : Math.min(STEP_PX_MAX, (width - THICK - names) / gaps);
  const frame = { isTall, width, step, names, measure };
  const height = isTall ? HEAD_PX + gaps * ROW_PX + THICK + 2 * LINE_PX + 6 : HEAD_PX + shown.across + 2 * LINE_PX;
  const wide = isTall ? Math.max(width, shown.across) : width;
  const made = draw("svg", {
    viewBox: `0 0 ${Math.round(wide)} ${Math.round(height)}`,
    role: "group",
    "aria-labelledby": "flow-name",
    "aria-describedby": "flow-says",
    class: isTall ? "flow tall" : "flow",
  });
  made.append(
    draw("title", { id: "flow-name" }, word("picture")),
    draw("desc", { id: "flow-says" }, describe(shown)),
    draw("g", { class: "heads", "aria-hidden": "true" }, ...heads(shown, frame)),
    draw("g", { class: "ribbons", "aria-hidden": "true" }, ...shown.flows.map((flow) => ribbon(flow, frame))),
    draw("g", {}, ...shown.boxes.map((box) => boxOf(box, shown, frame, tell))),
    // The words of a box say more than these, so that a screen reader leaves them out.
    draw("g", { class: "names", "aria-hidden": "true" }, ...shown.boxes.flatMap((box) => labels(box, shown, frame))),
  );
  return { picture: made, shown };
}

/**
 * The room of columns that stand side by side: the more boxes one has, the higher is the picture.
 * @param {Trace} trace
 */
function wideRoom({ nodes }) {
  const counts = new Map();
  for (const column of nodes.map(columnOf)) counts.set(column, (counts.get(column) ?? 0) + 1);
  const most = Math.min(WIDE.shownMax, Math.max(...counts.values()));
  return { ...WIDE, across: BOXES_PX + (most - 1) * WIDE.gap };
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
  const title = draw("title", {}, words);
  const made = draw(href ? "a" : "g", attributes, title, reach(box, shown, frame), ...parts);
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
 * What belongs to a box for somebody who points: the box, and its name and figure beside it.
 * @param {import("./trace_layout.js").Box} box
 * @param {Shown} shown
 * @param {Frame} frame
 */
function reach(box, shown, frame) {
  const room = roomBeside(box, shown, frame);
  const [along, start] = [box.column * frame.step, box.start + HEAD_PX];
  const high = Math.max(box.size, 2 * LINE_PX);
  const place = frame.isTall
    ? { x: round(box.start), y: round(along + HEAD_PX), width: round(room), height: THICK + 2 * LINE_PX }
    : { x: round(along), y: round(start + (box.size - high) / 2), width: round(room + THICK), height: round(high) };
  return draw("rect", { ...place, class: "reach" });
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
