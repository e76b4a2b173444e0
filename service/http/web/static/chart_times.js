// Charts over time: pairs of columns, or two lines.
import {
  HEIGHT,
  PERCENT_STEPS,
  STEPS,
  bar,
  cursorHook,
  frame,
  hatch,
  invisible,
  largest,
  layLinks,
  roundTop,
  strideFor,
} from "./chart_parts.js";

/**
 * @typedef {object} TimeChart
 * @property {string[]} labels
 * @property {number[]} strides
 * @property {Values} current
 * @property {Values} base
 * @property {(value: number) => string} sayTick
 * @property {(index: number | null) => void} onIndex
 * @property {import("./chart_parts.js").Leads[]} leads
 */

/**
 * Labels as close as they fit, in steps that meet the first bucket of every year, which names it on a second line.
 * @param {Palette} colours
 * @param {TimeChart} chart
 * @param {number} width
 * @param {number} size
 * @param {number[]} incrs
 * @returns {uPlot.Axis[]}
 */
function timeAxes(colours, { labels, strides, sayTick }, width, size, incrs) {
  const { axis } = frame(colours);
  const every = strideFor(labels.length, strides, width - size);
  const newYear = labels.findLastIndex((text) => text.includes("\n"));
  const indices = labels.map((_, n) => n).filter((n) => (n - Math.max(0, newYear)) % every === 0);
  return [
    {
      ...axis,
      splits: () => indices,
      values: () => indices.map((n) => labels[n]),
      grid: { show: false },
      ticks: { show: false },
      gap: 6,
      size: newYear < 0 ? 30 : 46,
    },
    {
      ...axis,
      values: (_, splits) => splits.map(sayTick),
      incrs,
      size,
      gap: 6,
      grid: { stroke: colours.line, width: 1 },
      ticks: { show: false },
      space: 48,
    },
  ];
}

/**
 * Pairs of columns over time: this period solid, its base hatched, left of it; without any base a column stands alone.
 * @param {TimeChart} chart
 * @returns {ChartMaker}
 */
export function columns(chart) {
  const { labels, current, base, onIndex } = chart;
  const count = labels.length;
  return (width, colours) => ({
    data: [labels.map((_, n) => n), current, base],
    options: {
      ...frame(colours),
      height: HEIGHT,
      series: [{}, invisible, invisible],
      scales: { x: { time: false, range: [-0.5, count - 0.5] }, y: { range: [0, roundTop(largest(current, base))] } },
      axes: timeAxes(colours, chart, width, 74, STEPS),
      hooks: {
        draw: [(plot) => paintColumns(plot, chart, colours), (plot) => linkColumns(plot, chart)],
        setCursor: cursorHook(onIndex),
      },
    },
  });
}

/**
 * @param {uPlot} plot
 * @param {TimeChart} chart
 * @param {Palette} colours
 */
function paintColumns(plot, { labels, current, base }, colours) {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const zero = plot.valToPos(0, "y", true);
  const slot = plot.valToPos(1, "x", true) - plot.valToPos(0, "x", true);
  const thick = Math.max(1, Math.min(slot * 0.36, 26 * ratio));
  const gap = Math.min(2 * ratio, slot * 0.04);
  const isAlone = base.every((value) => value === null);
  const stripes = hatch(ctx, colours.base, ratio);
  /** @type {(value: number | null, x: number, fill: string | CanvasPattern, edge: string | null) => void} */
  const column = (value, x, fill, edge) => {
    const top = plot.valToPos(value ?? 0, "y", true);
    bar(ctx, fill, edge, [x, Math.min(top, zero), thick, Math.abs(zero - top)]);
  };
  for (let n = 0; n < labels.length; n += 1) {
    const middle = plot.valToPos(n, "x", true);
    column(base[n], middle - thick - gap / 2, stripes, colours.base);
    column(current[n], isAlone ? middle - thick / 2 : middle + gap / 2, colours.current, null);
  }
}

/**
 * Two lines over time: this period solid with points, its base dashed.
 * @param {TimeChart} chart
 * @returns {ChartMaker}
 */
export function lines(chart) {
  const { labels, current, base, onIndex } = chart;
  return (width, colours) => ({
    data: [labels.map((_, n) => n), current, base],
    options: {
      ...frame(colours),
      height: HEIGHT,
      series: [
        {},
        { stroke: colours.current, width: 2, points: { show: true, size: 6, fill: colours.current } },
        { stroke: colours.base, width: 2, dash: [5, 4], points: { show: true, size: 6, fill: colours.paper } },
      ],
      scales: {
        x: { time: false, range: [-0.5, labels.length - 0.5] },
        y: { range: [0, Math.min(100, roundTop(largest(current, base)))] },
      },
      axes: timeAxes(colours, chart, width, 52, PERCENT_STEPS),
      hooks: { draw: [(plot) => linkColumns(plot, chart, true)], setCursor: cursorHook(onIndex) },
    },
  });
}

/**
 * Each half of a slot leads to the rows of its column, whatever the column's height; a line has whole slots.
 * @param {uPlot} plot
 * @param {TimeChart} chart
 */
function linkColumns(plot, { base, leads }, isLine = false) {
  const slot = plot.valToPos(1, "x") - plot.valToPos(0, "x");
  const high = plot.over.clientHeight;
  const isAlone = isLine || base.every((value) => value === null);
  const places = leads.flatMap((lead, n) => {
    const middle = plot.valToPos(n, "x");
    const [left, half] = isAlone ? [middle - slot / 2, slot] : [middle, slot / 2];
    /** @type {[string | null, import("./chart_parts.js").Box]} */
    const current = [lead.current, [left, 0, half, high]];
    /** @type {[string | null, import("./chart_parts.js").Box]} */
    const before = [isAlone ? null : lead.base, [middle - slot / 2, 0, slot / 2, high]];
    return [before, current];
  });
  layLinks(plot, places);
}
