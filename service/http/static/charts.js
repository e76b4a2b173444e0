// Charts, drawn by uPlot. The base is always hatched or dashed and named in the legend: colour alone tells nothing.

const HEIGHT = 260;
// Steps of an axis: whole ones only, because there are no half residents; of a percent there are parts.
const STEPS = Array.from({ length: 16 }, (_, n) => [1, 2, 5].map((step) => step * 10 ** n)).flat();
const PERCENT_STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, ...STEPS];
const BAR_ROW = 44,
  CLOSE_BAR_ROW = 36,
  CLOSE_FROM = 8;
// Below this, names stand above their bars, which then have the whole width.
const NARROW = 440,
  NAME_ROW = 18;
const drawn = new Map();
const isPrinting = () => document.documentElement.classList.contains("printing");

function palette() {
  const style = getComputedStyle(document.documentElement);
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

// Draws charts into their elements, in place of what was there. Each `make` gets the width and the colours and returns
// uPlot's options and data. All widths are read before anything is drawn, so that the page is laid out only once.
export function draw(charts) {
  const colours = palette();
  const widths = charts.map(([element]) => Math.max(240, Math.floor(element.clientWidth)));
  charts.forEach(([element, make], n) => {
    const { options, data } = make(widths[n], colours);
    drawn.get(element)?.plot.destroy();
    element.replaceChildren();
    const plot = new globalThis.uPlot({ width: widths[n], ...options }, data, element);
    drawn.set(element, { plot, make, width: widths[n] });
  });
}

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
    const changed = [...drawn].filter(
      ([element, { width }]) => Math.max(240, Math.floor(element.clientWidth)) !== width,
    );
    draw(changed.map(([element, { make }]) => [element, make]));
  });
});

function hatch(ctx, colour, ratio) {
  const size = Math.round(6 * ratio);
  const tile = new OffscreenCanvas(size, size),
    pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 1.4 * ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) (pen.moveTo(shift, size), pen.lineTo(shift + size, 0));
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}

function bar(ctx, fill, edge, ratio, x, y, width, height) {
  if (width <= 0 || height <= 0) return;
  ctx.fillStyle = fill;
  ctx.fillRect(x, y, width, height);
  if (edge) {
    ctx.strokeStyle = edge;
    ctx.lineWidth = ratio;
    ctx.strokeRect(x + ratio / 2, y + ratio / 2, Math.max(0, width - ratio), Math.max(0, height - ratio));
  }
}

function nice(most) {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((top) => top >= most * 1.02) ?? 12 * power;
}

const largest = (...lists) => Math.max(0, ...lists.flat().filter((value) => value !== null));

const fontOf = ({ size, family }, scale = 1) => `${size * scale}px ${family}`;

function frame(colours) {
  return {
    pxAlign: 1,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    select: { show: false },
    axis: { stroke: colours.quiet, font: fontOf(colours) },
  };
}

// Labels as close as they fit, in steps that meet the first bucket of every year, which names it on a second line.
function timeAxes(base, colours, labels, strides, width, size, sayTick, incrs = STEPS) {
  const room = Math.max(1, Math.floor((width - size) / 44));
  const every = strides.find((stride) => labels.length / stride <= room) ?? labels.length;
  const anchor = Math.max(
    0,
    labels.findLastIndex((text) => text.includes("\n")),
  );
  const indices = labels.map((_, n) => n).filter((n) => (n - anchor) % every === 0);
  const height = labels.some((text) => text.includes("\n")) ? 46 : 30;
  return [
    {
      ...base.axis,
      splits: () => indices,
      values: () => indices.map((n) => labels[n]),
      grid: { show: false },
      ticks: { show: false },
      gap: 6,
      size: height,
    },
    {
      ...base.axis,
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

const invisible = { paths: () => null, points: { show: false } };
const cursorHook = (onIndex) => [(plot) => onIndex(plot.cursor.idx ?? null)];

// Pairs of columns over time: this period solid, its base hatched, left of it; without any base a column stands alone.
export function columns({ labels, strides, current, base, sayTick, onIndex }) {
  return (width, colours) => {
    const common = frame(colours),
      count = labels.length,
      isAlone = base.every((value) => value === null);
    const paint = (plot) => {
      const { ctx } = plot,
        ratio = devicePixelRatio,
        zero = plot.valToPos(0, "y", true);
      const slot = plot.valToPos(1, "x", true) - plot.valToPos(0, "x", true);
      const thick = Math.max(1, Math.min(slot * 0.36, 26 * ratio)),
        gap = Math.min(2 * ratio, slot * 0.04);
      const stripes = hatch(ctx, colours.base, ratio);
      for (let n = 0; n < count; n += 1) {
        const middle = plot.valToPos(n, "x", true);
        const column = (value, x, fill, edge) => {
          const top = plot.valToPos(value ?? 0, "y", true);
          bar(ctx, fill, edge, ratio, x, Math.min(top, zero), thick, Math.abs(zero - top));
        };
        column(base[n], middle - thick - gap / 2, stripes, colours.base);
        column(current[n], isAlone ? middle - thick / 2 : middle + gap / 2, colours.current, null);
      }
    };
    return {
      data: [labels.map((_, n) => n), current, base],
      options: {
        ...common,
        height: HEIGHT,
        series: [{}, invisible, invisible],
        scales: { x: { time: false, range: [-0.5, count - 0.5] }, y: { range: [0, nice(largest(current, base))] } },
        axes: timeAxes(common, colours, labels, strides, width, 74, sayTick),
        hooks: { draw: [paint], setCursor: cursorHook(onIndex) },
      },
    };
  };
}

// Two lines over time: this period solid with points, its base dashed.
export function lines({ labels, strides, current, base, sayTick, onIndex }) {
  return (width, colours) => {
    const common = frame(colours),
      ratio = 2;
    return {
      data: [labels.map((_, n) => n), current, base],
      options: {
        ...common,
        height: HEIGHT,
        series: [
          {},
          { stroke: colours.current, width: ratio, points: { show: true, size: 6, fill: colours.current } },
          { stroke: colours.base, width: ratio, dash: [5, 4], points: { show: true, size: 6, fill: colours.paper } },
        ],
        scales: {
          x: { time: false, range: [-0.5, labels.length - 0.5] },
          y: { range: [0, Math.min(100, nice(largest(current, base)))] },
        },
        axes: timeAxes(common, colours, labels, strides, width, 52, sayTick, PERCENT_STEPS),
        hooks: { setCursor: cursorHook(onIndex) },
      },
    };
  };
}

// Pairs of bars, one pair for each name, with their figures written at the end; the second is hatched, or an outline.
export function bars({ labels, current, base, second = "hatched", sayTick, sayEnd, onIndex }) {
  return (width, colours) => {
    const common = frame(colours),
      count = labels.length,
      ends = labels.map((_, n) => sayEnd(n));
    const isNarrow = width < NARROW && !isPrinting(),
      lift = isNarrow ? NAME_ROW / 2 : 0;
    const pen = new OffscreenCanvas(1, 1).getContext("2d");
    pen.font = fontOf(colours);
    const widest = (texts) => Math.max(...texts.map((text) => pen.measureText(text).width));
    const left = isNarrow ? 2 : Math.min(widest(labels) + 14, width * 0.34),
      right = Math.min(widest(ends) + 16, width * 0.46);
    const most = largest(current, base) || 1;
    const paint = (plot) => {
      const { ctx } = plot,
        scale = devicePixelRatio,
        zero = plot.valToPos(0, "y", true);
      const thick = 13 * scale,
        gap = 2 * scale;
      const [fill, edge] =
        second === "open" ? [colours.paper, colours.current] : [hatch(ctx, colours.base, scale), colours.base];
      ctx.save();
      ctx.font = fontOf(colours, scale);
      ctx.textBaseline = "middle";
      ctx.textAlign = "left";
      for (let n = 0; n < count; n += 1) {
        const middle = plot.valToPos(n, "x", true) + lift * scale;
        const row = (value, y, inside, outside) => {
          const end = plot.valToPos(value ?? 0, "y", true);
          bar(ctx, inside, outside, scale, zero, y, end - zero, thick);
          return end;
        };
        const first = row(current[n], middle - thick - gap / 2, colours.current, null);
        row(base[n], middle + gap / 2, fill, edge);
        ctx.fillStyle = colours.ink;
        ctx.fillText(ends[n], first + 7 * scale, middle - thick / 2 - gap / 2);
        if (isNarrow) ctx.fillText(cut(labels[n]), zero, middle - thick - gap - 8 * scale);
      }
      ctx.restore();
    };
    const cut = (text) => {
      let shown = text;
      while (shown.length > 2 && pen.measureText(shown).width > (isNarrow ? width : left) - 12)
        shown = `${shown.slice(0, -2)}…`;
      return shown;
    };
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
          y: { ori: 0, dir: 1, range: [0, most] },
        },
        axes: [
          {
            ...common.axis,
            stroke: colours.ink,
            side: 3,
            size: left,
            gap: 6,
            splits: () => labels.map((_, n) => n),
            values: () => labels.map((text) => (isNarrow ? "" : cut(text))),
            grid: { show: false },
            ticks: { show: false },
          },
          {
            ...common.axis,
            side: 2,
            size: 28,
            space: isNarrow ? 64 : 84,
            incrs: STEPS,
            values: (_, splits) => splits.map(sayTick),
            grid: { stroke: colours.line, width: 1 },
            ticks: { show: false },
          },
        ],
        hooks: { draw: [paint], setCursor: cursorHook(onIndex) },
      },
    };
  };
}
