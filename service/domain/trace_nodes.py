"""The nodes and links of a trace, and how it is kept small: of each kind only the largest nodes stand alone.

Links of goods have the grams and fen of the traced goods themselves. What flows into a node of goods flows out of it
or stays there. A batch makes its outputs of all its inputs together, so a link to an output has the output's own
weight and value: no output is attributed to a single input. See docs/RULES.md, Trace.
"""

import datetime
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from service.domain.transfers import Purpose

NodeKind = Literal["origin", "consignment", "transactions", "transfer", "enterprise", "processing_batch", "output"]
NODE_KINDS: tuple[NodeKind, ...] = (
    "origin", "consignment", "transactions", "transfer", "enterprise", "processing_batch", "output",
)  # fmt: skip
"""The kinds of nodes, in the order in which goods pass them."""

NODES_OF_A_KIND_MAX = 500
"""A trace has so many nodes of one kind at most: the smaller ones are one node, whose `merged` says how many."""

_MERGED = "merged"


class TraceNode(NamedTuple):
    """A place that goods pass. `label` is None where only words of a language can name it.

    `quantity_g` and `amount_fen` are of the traced goods there; an output has its own, and no amount when none was
    stated. `stays_*` has not gone on from there; None where that can't be said: goods in a batch have become its
    outputs. `whole_*` is all that a transfer or a batch holds, with other goods. `merged` nodes are one.
    """

    id: str
    kind: NodeKind
    label: str | None
    quantity_g: int = 0
    amount_fen: int | None = 0
    stays_g: int | None = 0
    stays_fen: int | None = 0
    whole_g: int | None = None
    whole_fen: int | None = None
    day: datetime.date | None = None
    hs_code: str | None = None
    purpose: Purpose | None = None
    trade_point: str | None = None
    vehicle_plate: str | None = None
    merged: int = 1


class TraceLink(NamedTuple):
    """What flows from a node to another one. `is_made` says that it is an output, and no traced goods as they were."""

    source: str
    target: str
    quantity_g: int
    amount_fen: int | None
    is_made: bool


class Trace(NamedTuple):
    """Nodes in the order in which goods pass them, the largest of a kind first, and links in the order of nodes."""

    nodes: Sequence[TraceNode]
    links: Sequence[TraceLink]


def with_few_nodes(nodes: Iterable[TraceNode], links: Iterable[TraceLink]) -> Trace:
    """The trace in its order. Of each kind the largest nodes stay, and the others are one node."""
    ordered = sorted(nodes, key=lambda node: (NODE_KINDS.index(node.kind), -node.quantity_g, node.id))
    kept: list[TraceNode] = []
    merged_into: dict[str, str] = {}
    for kind, some in itertools.groupby(ordered, key=lambda node: node.kind):
        of_kind = list(some)
        if len(of_kind) > NODES_OF_A_KIND_MAX:
            of_kind, small = of_kind[: NODES_OF_A_KIND_MAX - 1], of_kind[NODES_OF_A_KIND_MAX - 1 :]
            of_kind.append(_merged(kind, small))
            merged_into |= {node.id: of_kind[-1].id for node in small}
        kept += of_kind
    place = {node.id: n for n, node in enumerate(kept)}
    # No two links have the same ends before nodes are merged.
    known = _links_between(links, merged_into) if merged_into else links
    return Trace(kept, sorted(known, key=lambda link: (place[link.source], place[link.target])))


def _merged(kind: NodeKind, nodes: Sequence[TraceNode]) -> TraceNode:
    return TraceNode(
        f"{kind}:{_MERGED}",
        kind,
        None,
        quantity_g=sum(node.quantity_g for node in nodes),
        amount_fen=_sum_known(node.amount_fen for node in nodes),
        stays_g=_sum_known(node.stays_g for node in nodes),
        stays_fen=_sum_known(node.stays_fen for node in nodes),
        merged=len(nodes),
    )


def _links_between(links: Iterable[TraceLink], merged_into: Mapping[str, str]) -> list[TraceLink]:
    found: defaultdict[tuple[str, str, bool], list[TraceLink]] = defaultdict(list)
    for link in links:
        ends = merged_into.get(link.source, link.source), merged_into.get(link.target, link.target)
        found[*ends, link.is_made].append(link)
    return [
        TraceLink(source, target, sum(each.quantity_g for each in some), _sum_known(e.amount_fen for e in some), made)
        for (source, target, made), some in found.items()
    ]


def _sum_known(figures: Iterable[int | None]) -> int | None:
    """The sum; None when one of the figures is not known."""
    total = 0
    for figure in figures:
        if figure is None:
            return None
        total += figure
    return total
