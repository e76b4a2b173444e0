// What charts are made of: hatched bars, axes, and the top of a scale.

export const HEIGHT = 260;
/** Steps of an axis: whole ones only, because there are no half residents; of a percent there are parts. */
export const STEPS = Array.from({ length: 16 }, (_, n) => [1, 2, 5].map((factor) => factor * 10 ** n)).flat();
export const PERCENT_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, ...STEPS];

/** @typedef {{ plot: uPlot, ratio: number, zero: number }} Pen */
/** @typedef {{ current: string | null, base: string | null }} Leads where the figures of a pair lead */
/** @typedef {[left: number, top: number, width: number, height: number]} Box in pixels of the page */

export const isPrinting = () => document.documentElement.classList.contains("printing");

/**
 * Stripes, so that the base is told apart without its colour.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} colour
 * @param {number} ratio
 */
export function hatch(ctx, colour, ratio) {
  const size = Math.round(6 * ratio);
  const tile = new OffscreenCanvas(size, size);
  const pen = flatPen(tile);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.4 * ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat") ?? colour;
}

/** @param {OffscreenCanvas} canvas */
export function flatPen(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws nothing");
  return pen;
}

/**
 * A filled rectangle, with an edge where there is a colour for it.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string | CanvasPattern} fill
 * @param {string | null} edge
 * @param {[x: number, y: number, width: number, height: number]} place
 */
export function bar(ctx, fill, edge, [x, y, width, height]) {
  const ratio = devicePixelRatio;
  if (width <= 0 || height <= 0) return;
  ctx.fillStyle = fill;
  ctx.fillRect(x, y, width, height);
  if (!edge) return;
  ctx.strokeStyle = edge;
  ctx.lineWidth = ratio;
  ctx.strokeRect(x + ratio / 2, y + ratio / 2, Math.max(0, width - ratio), Math.max(0, height - ratio));
}

/**
 * The top of a scale: a round number a little above the largest value.
 * @param {number} most
 */
export function roundTop(most) {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((top) => top >= most * 1.02) ?? 12 * power;
}

/**
 * The largest value, or 0 where there is none above it.
 * @param {...Values} lists
 */
export const largest = (...lists) => Math.max(0, ...lists.flat().filter((value) => value !== null));

/** @param {Palette} colours */
export const fontOf = ({ size, family }, scale = 1) => `${size * scale}px ${family}`;

/** @param {Palette} colours */
export function frame(colours) {
  return {
    pxAlign: 1,
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false },
      // The pointer is over a link as often as over the chart itself, and uPlot listens to the latter alone.
      bind: {
        mousemove: (
          /** @type {uPlot} */ _plot,
          /** @type {HTMLElement} */ _over,
          /** @type {uPlot.Cursor.MouseListener} */ handle,
        ) => handle,
      },
    },
    select: /** @type {uPlot.Select} */ ({ show: false }),
    axis: { stroke: colours.quiet, font: fontOf(colours) },
  };
}

/** @type {uPlot.Series} */
export const invisible = { paths: () => null, points: { show: false } };

/**
 * @param {(index: number | null) => void} onIndex
 * @returns {((plot: uPlot) => void)[]}
 */
export const cursorHook = (onIndex) => [(plot) => onIndex(plot.cursor.idx ?? null)];

/**
 * Every how many buckets one is named: as close as the names fit.
 * @param {number} count
 * @param {number[]} strides
 * @param {number} room
 */
export const strideFor = (count, strides, room) =>
  strides.find((stride) => count / stride <= Math.max(1, Math.floor(room / 44))) ?? count;

/**
 * Lays links over a chart, in place of those that were there. A pointer follows them; the table below has the same
 * links for the keyboard and for a reader, who would meet each of them twice.
 * @param {uPlot} plot
 * @param {[href: string | null, box: Box][]} places
 */
export function layLinks(plot, places) {
  const links = document.createElement("div");
  links.className = "leads";
  links.setAttribute("aria-hidden", "true");
  for (const [href, box] of places) {
    if (!href) continue;
    const link = document.createElement("a");
    link.href = href;
    link.tabIndex = -1;
    const [left, top, width, height] = box.map((each) => `${Math.max(0, each)}px`);
    Object.assign(link.style, { left, top, width, height });
    links.append(link);
  }
  plot.over.querySelector(".leads")?.remove();
  plot.over.append(links);
}
