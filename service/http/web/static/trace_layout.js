// The layout of a flow: boxes in columns, as large as what goes through them, and ribbons between them. Nothing here
// knows of a page: positions run along the columns and across them, and the picture decides which way is up.

/**
 * @typedef {object} FlowNode
 * @property {string} id
 * @property {number} column in which column it stands, from 0
 * @property {number} value what goes through it
 * @property {number} [stays] what of that goes no further
 * @property {number} [merged] how many it stands for
 * @property {boolean} [isKept] whether it stands alone, however small it is
 */
/** @typedef {{ source: string, target: string, value: number }} FlowLink */
/**
 * @typedef {object} Room
 * @property {number} across how much room a column has for its boxes and the gaps between them
 * @property {number} gap what is between two boxes of a column at least
 * @property {number} least how large the smallest box is
 * @property {number} shownMax how many boxes a column has at most: the smaller ones are one, the others
 */
/** @typedef {{ id: string, column: number, start: number, size: number, stays: number, members: string[] }} Box */
/** @typedef {{ source: string, target: string, value: number, from: [number, number], to: [number, number] }} Ribbon */
/** @typedef {{ boxes: Box[], ribbons: Ribbon[], columns: number, across: number }} Layout */

/** How often the order of the columns is improved, there and back. */
const SWEEPS = 12;

/** @param {number} column */
export const othersOf = (column) => `others:${column}`;

/**
 * The flow with few boxes in each column: what is too small to be shown is one box for each column, the others.
 * @param {FlowNode[]} nodes
 * @param {FlowLink[]} links
 * @param {number} shownMax
 */
export function withOthers(nodes, links, shownMax) {
  /** @type {Map<string, string>} */
  const shownAs = new Map();
  /** @type {(FlowNode & { members: string[] })[]} */
  const shown = [];
  for (const column of columnsOf(nodes)) {
    const bySize = [...column].sort(
      (a, b) => Number(b.isKept ?? false) - Number(a.isKept ?? false) || b.value - a.value,
    );
    const few = bySize.length > shownMax ? bySize.slice(0, shownMax - 1) : bySize;
    shown.push(...few.map((node) => ({ ...node, members: [node.id] })));
    const rest = bySize.slice(few.length);
    if (rest.length === 0) continue;
    const id = othersOf(rest[0].column);
    for (const node of rest) shownAs.set(node.id, id);
    shown.push({ ...together(rest), id, members: rest.map((node) => node.id) });
  }
  /** @param {string} id */
  const shownId = (id) => shownAs.get(id) ?? id;
  return {
    nodes: shown,
    links: summed(links.map((link) => ({ ...link, source: shownId(link.source), target: shownId(link.target) }))),
  };
}

/** @param {FlowNode[]} nodes */
const together = (nodes) => ({
  column: nodes[0].column,
  value: sumOf(nodes, (node) => node.value),
  stays: sumOf(nodes, (node) => node.stays ?? 0),
  merged: sumOf(nodes, (node) => node.merged ?? 1),
});

/**
 * Links between the same two boxes are one.
 * @param {FlowLink[]} links
 */
function summed(links) {
  /** @type {Map<string, FlowLink>} */
  const found = new Map();
  for (const link of links) {
    const key = `${link.source}\n${link.target}`;
    const known = found.get(key);
    found.set(key, known ? { ...known, value: known.value + link.value } : link);
  }
  return [...found.values()];
}

/**
 * @template T
 * @param {T[]} some
 * @param {(one: T) => number} value
 */
const sumOf = (some, value) => some.reduce((sum, one) => sum + value(one), 0);

/**
 * The nodes of each column that has any, in the order of the columns.
 * @template {FlowNode} T
 * @param {T[]} nodes
 * @returns {T[][]}
 */
function columnsOf(nodes) {
  const numbers = [...new Set(nodes.map((node) => node.column))].sort((a, b) => a - b);
  return numbers.map((number) => nodes.filter((node) => node.column === number));
}

/**
 * Lays a flow out. Boxes of a column stand in an order in which ribbons cross as little as can be, and each column is
 * in the middle of the room.
 * @param {FlowNode[]} nodes
 * @param {FlowLink[]} links
 * @param {Room} room
 * @returns {Layout}
 */
export function layOut(nodes, links, room) {
  const few = withOthers(nodes, links, room.shownMax);
  const known = new Set(few.nodes.map((node) => node.id));
  const between = few.links.filter((link) => known.has(link.source) && known.has(link.target));
  const columns = ordered(columnsOf(few.nodes), between);
  // A box is as large as what goes in or out of it, whichever is more: a batch may make more or less than it takes.
  const through = new Map(few.nodes.map((node) => [node.id, Math.max(node.value, ...bothWays(node.id, between))]));
  const across = Math.max(room.across, ...columns.map((column) => spent(column.length, room)));
  const scale = scaleFor(columns, through, { ...room, across });
  const boxes = columns.flatMap((column, place) => placed(column, place, through, scale, { ...room, across }));
  return { boxes, ribbons: ribbonsOf(boxes, between, through), columns: columns.length, across };
}

/**
 * @param {string} id
 * @param {FlowLink[]} links
 */
const bothWays = (id, links) => [
  sumOf(
    links.filter((link) => link.target === id),
    (link) => link.value,
  ),
  sumOf(
    links.filter((link) => link.source === id),
    (link) => link.value,
  ),
];

/**
 * What the smallest boxes of a column and its gaps take.
 * @param {number} count
 * @param {Room} room
 */
const spent = (count, { gap, least }) => count * least + (count - 1) * gap;

/**
 * The largest scale at which each column fits, its small boxes being as large as the smallest box.
 * @param {FlowNode[][]} columns
 * @param {Map<string, number>} through
 * @param {Room} room
 */
function scaleFor(columns, through, room) {
  const scales = columns.map((column) => {
    const values = column.map((node) => through.get(node.id) ?? 0).sort((a, b) => a - b);
    // The smaller boxes are of the least size; what is left is for the larger ones, in proportion.
    for (let small = 0; small < values.length; small += 1) {
      const left = room.across - (values.length - 1) * room.gap - small * room.least;
      const scale = left / sumOf(values.slice(small), (value) => value);
      if (values[small] * scale >= room.least) return scale;
    }
    return Infinity;
  });
  const least = Math.min(...scales);
  return Number.isFinite(least) ? least : 0;
}

/**
 * @param {(FlowNode & { members: string[] })[]} column
 * @param {number} place
 * @param {Map<string, number>} through
 * @param {number} scale
 * @param {Room} room
 * @returns {Box[]}
 */
function placed(column, place, through, scale, { across, gap, least }) {
  const sizes = column.map((node) => Math.max(least, (through.get(node.id) ?? 0) * scale));
  let start = (across - sumOf(sizes, (size) => size) - (column.length - 1) * gap) / 2;
  return column.map(({ id, stays = 0, members }, n) => {
    const whole = through.get(id) || 1;
    const box = { id, column: place, start, size: sizes[n], stays: (sizes[n] * stays) / whole, members };
    start += sizes[n] + gap;
    return box;
  });
}

/**
 * Where each link leaves its box and where it enters the other one: side by side, in the order of the other ends.
 * @param {Box[]} boxes
 * @param {FlowLink[]} links
 * @param {Map<string, number>} through
 * @returns {Ribbon[]}
 */
function ribbonsOf(boxes, links, through) {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  /** @type {(link: FlowLink, end: "source" | "target") => Box} */
  const boxOf = (link, end) => /** @type {Box} */ (byId.get(link[end]));
  /** @param {"source" | "target"} end */
  const parts = (end) => {
    const other = end === "source" ? "target" : "source";
    /** @type {Map<FlowLink, [number, number]>} */
    const found = new Map();
    const taken = new Map(boxes.map((box) => [box.id, box.start]));
    const inOrder = [...links].sort((a, b) => boxOf(a, other).start - boxOf(b, other).start);
    for (const link of inOrder) {
      const box = boxOf(link, end);
      const start = taken.get(box.id) ?? 0;
      const size = (box.size * link.value) / (through.get(box.id) || 1);
      found.set(link, [start, start + size]);
      taken.set(box.id, start + size);
    }
    return found;
  };
  const [leaving, entering] = [parts("source"), parts("target")];
  return links.map((link) => ({
    ...link,
    from: leaving.get(link) ?? [0, 0],
    to: entering.get(link) ?? [0, 0],
  }));
}

/**
 * The columns in the best order that was found: each box goes where the boxes that it is linked to are, there and back.
 * @template {FlowNode} T
 * @param {T[][]} columns
 * @param {FlowLink[]} links
 * @returns {T[][]}
 */
function ordered(columns, links) {
  let best = columns.map((column) => [...column].sort((a, b) => b.value - a.value));
  let fewest = crossings(best, links);
  let now = best;
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    now = swept(now, links, sweep % 2 === 0 ? "source" : "target");
    const found = crossings(now, links);
    if (found < fewest) [best, fewest] = [now, found];
  }
  return best;
}

/**
 * The columns after each box has gone to the middle of the boxes on one of its sides, weighed by what flows.
 * @template {FlowNode} T
 * @param {T[][]} columns
 * @param {FlowLink[]} links
 * @param {"source" | "target"} side
 */
function swept(columns, links, side) {
  const own = side === "source" ? "target" : "source";
  const next = columns.map((column) => [...column]);
  const places = next.map((_, n) => (side === "source" ? n : next.length - 1 - n));
  for (const place of places) {
    const at = placesIn(next);
    /** @param {T} node */
    const middle = (node) => {
      const its = links.filter((link) => link[own] === node.id);
      const weight = sumOf(its, (link) => link.value);
      if (weight === 0) return at.get(node.id) ?? 0;
      return sumOf(its, (link) => link.value * (at.get(link[side]) ?? 0)) / weight;
    };
    const middles = new Map(next[place].map((node) => [node, middle(node)]));
    next[place].sort((a, b) => (middles.get(a) ?? 0) - (middles.get(b) ?? 0));
  }
  return next;
}

/**
 * Where each box stands in its column, from 0 to 1.
 * @param {FlowNode[][]} columns
 */
const placesIn = (columns) =>
  new Map(columns.flatMap((column) => column.map((node, n) => [node.id, (n + 0.5) / column.length])));

/**
 * How many pairs of links cross, for columns in this order.
 * @param {FlowNode[][]} columns
 * @param {FlowLink[]} links
 */
export function crossings(columns, links) {
  const columnOf = new Map(columns.flatMap((column, n) => column.map((node) => [node.id, n])));
  const at = placesIn(columns);
  /** @param {FlowLink} link */
  const ends = (link) => [at.get(link.source) ?? 0, at.get(link.target) ?? 0];
  /** @type {Map<string, number[][]>} */
  const groups = new Map();
  for (const link of links) {
    const key = `${columnOf.get(link.source)} ${columnOf.get(link.target)}`;
    groups.set(key, [...(groups.get(key) ?? []), ends(link)]);
  }
  let count = 0;
  for (const group of groups.values()) {
    for (const [n, [from, to]] of group.entries()) {
      for (const [otherFrom, otherTo] of group.slice(n + 1)) if ((from - otherFrom) * (to - otherTo) < 0) count += 1;
    }
  }
  return count;
}
