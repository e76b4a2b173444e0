// Charts by name: a pair of bars for each name, with their figures written at the end.
import {
  STEPS,
  bar,
  cursorHook,
  flatPen,
  fontOf,
  frame,
  hatch,
  invisible,
  isPrinting,
  largest,
  layLinks,
} from "./chart_parts.js";

const BAR_ROW = 44;
const CLOSE_BAR_ROW = 36;
const CLOSE_FROM = 8;
/** Below this, names stand above their bars, which then have the whole width. */
const NARROW = 440;
const NAME_ROW = 18;

/**
 * @typedef {object} BarChart
 * @property {string[]} labels
 * @property {Values} current
 * @property {Values} base
 * @property {"hatched" | "open"} [second] how the second bar of a pair is drawn
 * @property {(value: number) => string} sayTick
 * @property {(index: number) => string} sayEnd
 * @property {(index: number | null) => void} onIndex
 * @property {import("./chart_parts.js").Leads[]} leads
 */

/** @typedef {{ isNarrow: boolean, lift: number, ends: string[], cut: (text: string) => string }} Layout */

/**
 * The name, or as much of it as fits.
 * @param {string} text
 * @param {number} room
 * @param {(text: string) => number} widthOf
 */
export function cutTo(text, room, widthOf) {
  let shown = text;
  while (shown.length > 2 && widthOf(shown) > room) shown = `${shown.slice(0, -2)}…`;
  return shown;
}

/**
 * Pairs of bars; the second of a pair is hatched, or an outline.
 * @param {BarChart} chart
 * @returns {ChartMaker}
 */
export function bars(chart) {
  const { labels, current, base, sayTick, sayEnd, onIndex } = chart;
  return (width, colours) => {
    const { axis, ...common } = frame(colours);
    const isNarrow = width < NARROW && !isPrinting();
    const lift = isNarrow ? NAME_ROW / 2 : 0;
    const count = labels.length;
    const ends = labels.map((_, n) => sayEnd(n));
    const pen = flatPen(new OffscreenCanvas(1, 1));
    pen.font = fontOf(colours);
    /** @param {string} text */
    const widthOf = (text) => pen.measureText(text).width;
    const left = isNarrow ? 2 : Math.min(Math.max(...labels.map(widthOf)) + 14, width * 0.34);
    const right = Math.min(Math.max(...ends.map(widthOf)) + 16, width * 0.46);
    /** @param {string} text */
    const cut = (text) => cutTo(text, (isNarrow ? width : left) - 12, widthOf);
    return {
      data: [labels.map((_, n) => n), current, base],
      options: {
        ...common,
        height: count * ((count > CLOSE_FROM ? CLOSE_BAR_ROW : BAR_ROW) + 2 * lift) + 34,
        padding: [4, right, 0, 0],
        series: [{}, invisible, invisible],
        cursor: { ...common.cursor, x: false, y: false },
        scales: {
          x: { time: false, ori: 1, dir: -1, range: [-0.5, count - 0.5] },
          y: { ori: 0, dir: 1, range: [0, largest(current, base) || 1] },
        },
        axes: [
          { ...axis, ...namesAxis(labels, isNarrow ? () => "" : cut), stroke: colours.ink, size: left },
          { ...axis, ...figuresAxis(colours, sayTick), space: isNarrow ? 64 : 84 },
        ],
        hooks: {
          draw: [
            (plot) => paintBars(plot, chart, colours, { isNarrow, lift, ends, cut }),
            (plot) => linkBars(plot, chart, lift),
          ],
          setCursor: cursorHook(onIndex),
        },
      },
    };
  };
}

/**
 * @param {string[]} labels
 * @param {(text: string) => string} shown
 * @returns {uPlot.Axis}
 */
const namesAxis = (labels, shown) => ({
  side: 3,
  gap: 6,
  splits: () => labels.map((_, n) => n),
  values: () => labels.map(shown),
  grid: { show: false },
  ticks: { show: false },
});

/**
 * @param {Palette} colours
 * @param {(value: number) => string} sayTick
 * @returns {uPlot.Axis}
 */
const figuresAxis = (colours, sayTick) => ({
  side: 2,
  size: 28,
  incrs: STEPS,
  values: (_, splits) => splits.map(sayTick),
  grid: { stroke: colours.line, width: 1 },
  ticks: { show: false },
});

/**
 * @param {uPlot} plot
 * @param {BarChart} chart
 * @param {Palette} colours
 * @param {Layout} layout
 */
function paintBars(plot, { labels, current, base, second }, colours, { isNarrow, lift, ends, cut }) {
  const { ctx } = plot;
  const scale = devicePixelRatio;
  const zero = plot.valToPos(0, "y", true);
  const thick = 13 * scale;
  const gap = 2 * scale;
  const isOpen = second === "open";
  const fill = isOpen ? colours.paper : hatch(ctx, colours.base, scale);
  const edge = isOpen ? colours.current : colours.base;
  /** @type {(value: number | null, y: number, inside: string | CanvasPattern, outside: string | null) => number} */
  const row = (value, y, inside, outside) => {
    const end = plot.valToPos(value ?? 0, "y", true);
    bar(ctx, inside, outside, [zero, y, end - zero, thick]);
    return end;
  };
  ctx.save();
  ctx.font = fontOf(colours, scale);
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (let n = 0; n < labels.length; n += 1) {
    const middle = plot.valToPos(n, "x", true) + lift * scale;
    const end = row(current[n], middle - thick - gap / 2, colours.current, null);
    row(base[n], middle + gap / 2, fill, edge);
    ctx.fillStyle = colours.ink;
    ctx.fillText(ends[n], end + 7 * scale, middle - thick / 2 - gap / 2);
    if (isNarrow) ctx.fillText(cut(labels[n]), zero, middle - thick - gap - 8 * scale);
  }
  ctx.restore();
}

/**
 * Each bar leads to its rows, over the whole width of its line.
 * @param {uPlot} plot
 * @param {BarChart} chart
 * @param {number} lift
 */
function linkBars(plot, { leads }, lift) {
  const wide = plot.over.clientWidth;
  const half = Math.min(22, (plot.valToPos(1, "x") - plot.valToPos(0, "x")) / 2 || 22);
  const places = leads.flatMap((lead, n) => {
    const middle = plot.valToPos(n, "x") + lift;
    /** @type {[string | null, import("./chart_parts.js").Box][]} */
    const pair = [
      [lead.current, [0, middle - half, wide, half]],
      [lead.base, [0, middle, wide, half]],
    ];
    return pair;
  });
  layLinks(plot, places);
}
