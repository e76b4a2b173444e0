// Charts, drawn by uPlot. The base is always hatched or dashed and named in the legend: colour alone tells nothing.
import { isPrinting } from "./chart_parts.js";

/** @typedef {{ plot: uPlot, make: ChartMaker, width: number }} Drawn */
/** @type {Map<HTMLElement, Drawn>} */
const drawn = new Map();

/** @returns {Palette} */
function palette() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const value = (name) => style.getPropertyValue(name).trim();
  return {
    paper: value("--paper"),
    ink: value("--ink"),
    quiet: value("--quiet"),
    line: value("--line"),
    current: value("--current"),
    base: value("--base"),
    size: isPrinting() ? 10 : 12,
    family: getComputedStyle(document.body).fontFamily,
  };
}

/** @param {HTMLElement} element */
const widthOf = (element) => Math.max(240, Math.floor(element.clientWidth));

/**
 * Draws charts into their elements, in place of what was there. All widths are read before anything is drawn, so that
 * the page is laid out only once.
 * @param {[element: HTMLElement, make: ChartMaker][]} charts
 */
export function draw(charts) {
  const colours = palette();
  const widths = charts.map(([element]) => widthOf(element));
  charts.forEach(([element, make], n) => {
    const { options, data } = make(widths[n], colours);
    drawn.get(element)?.plot.destroy();
    element.replaceChildren();
    const plot = new uPlot({ width: widths[n], ...options }, data, element);
    drawn.set(element, { plot, make, width: widths[n] });
  });
}

/** @param {HTMLElement} element */
export function erase(element) {
  drawn.get(element)?.plot.destroy();
  drawn.delete(element);
  element.replaceChildren();
}

export function redrawAll() {
  draw([...drawn].map(([element, { make }]) => [element, make]));
}

let waiting = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => {
    const changed = [...drawn].filter(([element, { width }]) => widthOf(element) !== width);
    draw(changed.map(([element, { make }]) => [element, make]));
  });
});
