// The flow that the picture and its table have in common: the boxes that are shown, and what flows between them.
import { scaled } from "./exact.js";
import { layOut } from "./trace_layout.js";
import { OTHER_GOODS, columnOf, leadsTo, nodeName, sumOf } from "./trace_texts.js";
import { say } from "./words.js";

/** @typedef {{ source: TraceBox, target: TraceBox, quantity_kg: string, amount_cny: string | null, ribbon: import("./trace_layout.js").Ribbon }} ShownFlow */
/** @typedef {{ boxes: TraceBox[], flows: ShownFlow[], columns: TraceKind[], across: number }} Shown */

const DECIMALS = { quantity_kg: 3, amount_cny: 2 };

/**
 * How large a figure is drawn; what is not known has no size of its own.
 * @param {string | null} figure
 * @param {TraceMeasure} measure
 */
const drawn = (figure, measure) => (figure === null ? 0 : Number(scaled(figure, DECIMALS[measure])));

/**
 * The boxes and flows of a trace, laid out in a room.
 * @param {Trace} trace
 * @param {TraceAsked} asked
 * @param {TraceMeasure} measure
 * @param {import("./trace_layout.js").Room} room
 * @returns {Shown}
 */
export function shownFlow({ nodes, links }, asked, measure, room) {
  const stays = measure === "quantity_kg" ? "stays_kg" : "stays_cny";
  const layout = layOut(
    nodes.map((node) => ({
      id: node.id,
      column: columnOf(node),
      value: drawn(node[measure], measure),
      stays: drawn(node[stays], measure),
      merged: node.merged,
      isKept: node.id === OTHER_GOODS,
    })),
    links.map((link) => ({ source: link.source, target: link.target, value: drawn(link[measure], measure) })),
    room,
  );
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @param {import("./trace_layout.js").Box} box */
  const nodesOf = (box) => box.members.map((id) => /** @type {TraceNode} */ (byId.get(id)));
  const boxes = layout.boxes.map((box) => shownBox(box, nodesOf(box), asked));
  const boxOf = new Map(boxes.flatMap((shown) => shown.box.members.map((id) => [id, shown])));
  const places = new Map(boxes.map((shown) => [shown.box.id, shown]));
  const flows = layout.ribbons.map((ribbon) => {
    const ends = {
      source: /** @type {TraceBox} */ (places.get(ribbon.source)),
      target: /** @type {TraceBox} */ (places.get(ribbon.target)),
    };
    const its = links.filter(
      (link) => boxOf.get(link.source) === ends.source && boxOf.get(link.target) === ends.target,
    );
    return { ...ends, ribbon, ...sums(its) };
  });
  const columns = Array.from({ length: layout.columns }, (_, n) => kindOfColumn(boxes, n));
  return { boxes, flows, columns, across: layout.across };
}

/**
 * @param {TraceBox[]} boxes
 * @param {number} column
 */
function kindOfColumn(boxes, column) {
  const its = boxes.filter(({ box }) => box.column === column).map(({ kind }) => kind);
  return its.find((kind) => kind !== "transactions") ?? its[0];
}

/** @param {{ quantity_kg: string, amount_cny: string | null }[]} some */
const sums = (some) => ({
  quantity_kg:
    sumOf(
      some.map((one) => one.quantity_kg),
      3,
    ) ?? "0.000",
  amount_cny: sumOf(
    some.map((one) => one.amount_cny),
    2,
  ),
});

/**
 * @param {import("./trace_layout.js").Box} box
 * @param {TraceNode[]} nodes
 * @param {TraceAsked} asked
 * @returns {TraceBox}
 */
function shownBox(box, nodes, asked) {
  const [node] = nodes;
  const stays = {
    stays_kg: sumOf(
      nodes.map((each) => each.stays_kg),
      3,
    ),
    stays_cny: sumOf(
      nodes.map((each) => each.stays_cny),
      2,
    ),
  };
  const figures = { box, kind: node.kind, ...sums(nodes), ...stays };
  if (nodes.length === 1)
    {return { ...figures, name: nodeName(node), href: leadsTo(node, asked), whole_kg: node.whole_kg };}
  const count = nodes.reduce((sum, each) => sum + each.merged, 0);
  return { ...figures, name: say("node.others", { count }), href: null, whole_kg: null };
}
