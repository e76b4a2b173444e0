// The layout of a flow: nothing overlaps, sizes are true, ribbons cross only where they must, and small ones are merged.
import assert from "node:assert/strict";
import { test } from "node:test";

import { crossings, layOut, othersOf, withOthers } from "../../service/http/web/static/trace_layout.js";

const ROOM = { across: 300, gap: 10, least: 4, shownMax: 12 };

/** @param {[string, number, number][]} rows */
const nodesOf = (rows) => rows.map(([id, column, value]) => ({ id, column, value }));

/** @param {[string, string, number][]} rows */
const linksOf = (rows) => rows.map(([source, target, value]) => ({ source, target, value }));

/** @param {import("../../service/http/web/static/trace_layout.js").Layout} layout */
function assertSound({ boxes, ribbons, across }) {
  for (const one of boxes) {
    assert.ok(one.size >= ROOM.least && one.start >= -1e-6 && one.start + one.size <= across + 1e-6, one.id);
    for (const other of boxes) {
      if (one === other || one.column !== other.column) continue;
      const apart = one.start < other.start ? other.start - one.start - one.size : one.start - other.start - other.size;
      assert.ok(apart >= ROOM.gap - 1e-6, `${one.id} and ${other.id} are ${apart} apart`);
    }
  }
  for (const { source, target, from, to } of ribbons) {
    for (const [id, [start, end]] of /** @type {[string, number[]][]} */ ([
      [source, from],
      [target, to],
    ])) {
      const box = boxes.find((each) => each.id === id);
      assert.ok(box && start >= box.start - 1e-6 && end <= box.start + box.size + 1e-6, id);
    }
  }
}

/**
 * How many pairs of ribbons between two columns cross, as they are drawn.
 * @param {import("../../service/http/web/static/trace_layout.js").Layout} layout
 */
function drawnCrossings({ boxes, ribbons }) {
  /** @param {{ source: string }} ribbon */
  const columnOf = ({ source }) => boxes.find(({ id }) => id === source)?.column;
  let count = 0;
  for (const [n, one] of ribbons.entries()) {
    for (const other of ribbons.slice(n + 1)) {
      const isOfOne = columnOf(one) === columnOf(other);
      if (isOfOne && (one.from[0] - other.from[0]) * (one.to[0] - other.to[0]) < -1e-9) count += 1;
    }
  }
  return count;
}

/** Numbers that look random and are always the same. */
function* numbers(seed = 7) {
  let state = seed;
  while (true) {
    state = (state * 48271) % 2147483647;
    yield state;
  }
}

test("one link is two boxes of one size and a ribbon between them", () => {
  const layout = layOut(
    nodesOf([
      ["a", 0, 5],
      ["b", 1, 5],
    ]),
    linksOf([["a", "b", 5]]),
    ROOM,
  );
  assertSound(layout);
  assert.deepEqual(
    layout.boxes.map(({ start, size }) => [start, size]),
    [
      [0, 300],
      [0, 300],
    ],
  );
  assert.deepEqual(layout.ribbons[0].from, [0, 300]);
});

test("nothing at all is no boxes", () => {
  assert.deepEqual(layOut([], [], ROOM), { boxes: [], ribbons: [], columns: 0, across: 300 });
});

test("sizes are in proportion, and the smallest can be seen", () => {
  const nodes = nodesOf([
    ["a", 0, 600],
    ["b", 0, 300],
    ["c", 0, 1],
    ["z", 1, 901],
  ]);
  const layout = layOut(
    nodes,
    linksOf([
      ["a", "z", 600],
      ["b", "z", 300],
      ["c", "z", 1],
    ]),
    ROOM,
  );
  assertSound(layout);
  const size = Object.fromEntries(layout.boxes.map((box) => [box.id, box.size]));
  assert.ok(Math.abs(size.a - 2 * size.b) < 1e-6);
  assert.equal(size.c, ROOM.least);
});

test("what stays is the part of a box from which no ribbon leaves", () => {
  const nodes = [
    { id: "a", column: 0, value: 100, stays: 25 },
    { id: "b", column: 1, value: 75 },
  ];
  const { boxes, ribbons } = layOut(nodes, linksOf([["a", "b", 75]]), ROOM);
  assert.equal(boxes[0].stays, boxes[0].size / 4);
  assert.equal(ribbons[0].from[1], boxes[0].start + boxes[0].size * 0.75);
});

test("a batch that makes more than it takes is as large as what it makes", () => {
  const nodes = nodesOf([
    ["in", 0, 10],
    ["batch", 1, 10],
    ["out", 2, 15],
  ]);
  const layout = layOut(
    nodes,
    linksOf([
      ["in", "batch", 10],
      ["batch", "out", 15],
    ]),
    ROOM,
  );
  assertSound(layout);
  assert.equal(layout.boxes[1].size, layout.boxes[2].size);
});

test("ribbons that need not cross do not", () => {
  // By size alone the columns would stand the other way round.
  const nodes = nodesOf([
    ["a", 0, 30],
    ["b", 0, 20],
    ["c", 0, 10],
    ["x", 1, 10],
    ["y", 1, 20],
    ["z", 1, 30],
  ]);
  const straight = linksOf([
    ["a", "z", 30],
    ["b", "y", 20],
    ["c", "x", 10],
  ]);
  assert.equal(drawnCrossings(layOut(nodes, straight, ROOM)), 0);
  const turned = nodesOf([
    ["a", 0, 30],
    ["b", 0, 20],
    ["x", 1, 45],
    ["y", 1, 5],
    ["p", 2, 5],
    ["q", 2, 45],
  ]);
  const links = linksOf([
    ["a", "y", 5],
    ["a", "x", 25],
    ["b", "x", 20],
    ["y", "p", 5],
    ["x", "q", 45],
  ]);
  const layout = layOut(turned, links, ROOM);
  assertSound(layout);
  assert.equal(drawnCrossings(layout), 0);
});

test("an order that was given is never made worse", () => {
  const random = numbers();
  const next = (/** @type {number} */ below) => /** @type {number} */ (random.next().value) % below;
  for (let round = 0; round < 40; round += 1) {
    const columns = [0, 1, 2].map((column) =>
      Array.from({ length: 2 + next(5) }, (_, n) => ({ id: `${column}-${n}`, column, value: 1 + next(50) })),
    );
    const links = columns
      .slice(0, 2)
      .flatMap((column, n) =>
        column.flatMap((source) =>
          columns[n + 1]
            .filter(() => next(3) === 0)
            .map((target) => ({ source: source.id, target: target.id, value: 1 })),
        ),
      );
    const bySize = columns.map((column) => [...column].sort((a, b) => b.value - a.value));
    const layout = layOut(columns.flat(), links, ROOM);
    assertSound(layout);
    assert.ok(drawnCrossings(layout) <= crossings(bySize, links));
  }
});

test("hundreds of flows are a few and the others, and nothing is lost", () => {
  const trucks = Array.from({ length: 400 }, (_, n) => ({ id: `t${n}`, column: 0, value: n + 1, stays: 1 }));
  const all = trucks.reduce((sum, { value }) => sum + value, 0);
  const nodes = [...trucks, { id: "z", column: 1, value: all }];
  const links = trucks.map(({ id, value }) => ({ source: id, target: "z", value }));
  const layout = layOut(nodes, links, ROOM);
  assertSound(layout);
  assert.equal(layout.boxes.filter((box) => box.column === 0).length, ROOM.shownMax);
  assert.equal(
    layout.ribbons.reduce((sum, { value }) => sum + value, 0),
    all,
  );
  const others = layout.boxes.find((box) => box.id === othersOf(0));
  assert.equal(others?.members.length, 400 - ROOM.shownMax + 1);
});

test("others stand for all that was merged before, and what is kept stands alone", () => {
  const nodes = [
    { id: "a", column: 0, value: 9 },
    { id: "b", column: 0, value: 8 },
    { id: "rest", column: 0, value: 7, merged: 40 },
    { id: "kept", column: 0, value: 1, isKept: true },
    { id: "z", column: 1, value: 25 },
  ];
  const few = withOthers(
    nodes,
    linksOf([
      ["a", "z", 9],
      ["b", "z", 8],
      ["rest", "z", 7],
      ["kept", "z", 1],
    ]),
    3,
  );
  assert.deepEqual(
    few.nodes.map(({ id, value, merged = 1 }) => [id, value, merged]),
    [
      ["kept", 1, 1],
      ["a", 9, 1],
      ["others:0", 15, 41],
      ["z", 25, 1],
    ],
  );
  assert.deepEqual(few.links.find(({ source }) => source === "others:0")?.value, 15);
});

test("more boxes than there is room for make the picture larger", () => {
  const nodes = Array.from({ length: 12 }, (_, n) => ({ id: `${n}`, column: 0, value: 1 }));
  const layout = layOut(nodes, [], { ...ROOM, across: 50 });
  assertSound(layout);
  assert.equal(layout.across, 12 * ROOM.least + 11 * ROOM.gap);
});
