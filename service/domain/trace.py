"""Traces goods: from origins through trucks, transfers and enterprises into processing batches, and to what came out.

The database gives the sums of flows, and this module joins them. See docs/RULES.md, Trace.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from service.domain.enterprises import enterprise_id
from service.domain.processing_batches import ProcessingBatch, processing_batch_id
from service.domain.trace_nodes import NodeKind, Trace, TraceLink, TraceNode, with_few_nodes
from service.domain.transfers import Purpose, transfer_id

WITHOUT_CONSIGNMENT = "transactions:without-consignment"
OTHER_GOODS = "transactions:other-goods"
"""Goods of other trades that are in a batch as well."""
_OF_SEVERAL_POINTS = "of-several-points"


class TracedSum(NamedTuple):
    """Goods of the trades of one origin and truck: all that is traced of them, or what has gone on by one transfer.

    `vehicle_plate` is None where the trades name several, or none.
    """

    origin: str
    trade_point: str
    consignment: str | None
    vehicle_plate: str | None
    transfer: int | None
    quantity_g: int
    amount_fen: int


class TracedTransfer(NamedTuple):
    """A live transfer whole: `quantity_g` and `amount_fen` are of all its lines, `batch` is the live batch it is in."""

    number: int
    enterprise: int
    enterprise_name: str
    purpose: Purpose
    transferred_on: datetime.date
    trade_point: str | None
    quantity_g: int
    amount_fen: int
    batch: int | None


class TraceScope(NamedTuple):
    """What of a trace is shown.

    `trade` is the one trade that it is about, `output` the one output of a batch. With `trade_point`, the caller sees
    goods of that point only: transfers and batches with goods of several are shown without their ids and figures.
    """

    trade: UUID | None = None
    output: int | None = None
    trade_point: str | None = None


class TraceTotals(NamedTuple):
    """The sums of a trace.

    Of all traced goods, `transferred_*` has gone on by live transfers, and `processed_*` of that is in live batches.
    What was reversed does not flow; it is only counted.
    """

    transactions: int
    residents: int
    quantity_g: int
    amount_fen: int
    transferred_g: int
    transferred_fen: int
    processed_g: int
    processed_fen: int
    reversed_transfers: int
    reversed_batches: int


WHOLE = TraceScope()
"""The scope of everything."""


def trace_of(
    sources: Iterable[TracedSum],
    flows: Iterable[TracedSum],
    transfers: Mapping[int, TracedTransfer],
    batches: Mapping[int, ProcessingBatch],
    scope: TraceScope = WHOLE,
) -> Trace:
    """The nodes and links of goods: where they came from, by which transfers they went on, and what became of them.

    `sources` are all traced goods, `flows` what of them has gone on by transfers, `transfers` those of the flows, and
    `batches` those of these transfers.
    """
    tracing = _Tracing(scope)
    for source in sources:
        tracing.add_source(source)
    for flow in flows:
        assert flow.transfer is not None
        tracing.add_flow(flow, transfers[flow.transfer])
    tracing.add_takers(transfers.values(), batches)
    tracing.add_outputs(batches.values())
    return with_few_nodes(tracing.nodes(), tracing.links())


class _Goods:
    """Grams and fen that are added up."""

    __slots__ = ("amount_fen", "quantity_g")

    def __init__(self) -> None:
        self.quantity_g = self.amount_fen = 0

    def add(self, quantity_g: int, amount_fen: int) -> None:
        self.quantity_g += quantity_g
        self.amount_fen += amount_fen


class _Tracing:
    """A trace while it is built: its nodes by their ids, and what flows between them."""

    def __init__(self, scope: TraceScope) -> None:
        self._scope = scope
        self._nodes: dict[str, TraceNode] = {}
        self._flows: defaultdict[tuple[str, str], _Goods] = defaultdict(_Goods)
        self._taken: defaultdict[int, _Goods] = defaultdict(_Goods)
        """What of the traced goods each transfer has taken."""
        self._made: list[TraceLink] = []

    def add_source(self, source: TracedSum) -> None:
        """Adds trades of one origin and truck, and the one trade that the trace is about."""
        origin, truck = f"origin:{source.origin}", self._truck(source)
        if origin not in self._nodes:
            self._node(TraceNode(origin, "origin", source.origin))
        self._flow(origin, truck, source)
        if self._scope.trade is not None:
            self._flow(truck, self._trade(), source)

    def add_flow(self, flow: TracedSum, transfer: TracedTransfer) -> None:
        """Adds goods that went on by a transfer."""
        begin = self._truck(flow) if self._scope.trade is None else self._trade()
        self._flow(begin, self._transfer(transfer), flow)
        self._taken[transfer.number].add(flow.quantity_g, flow.amount_fen)

    def add_takers(self, transfers: Iterable[TracedTransfer], batches: Mapping[int, ProcessingBatch]) -> None:
        """Adds the enterprises that took the goods of transfers, and the batches that these transfers are in."""
        for transfer in transfers:
            if not self._is_shown(transfer.trade_point):
                continue
            name = enterprise_id(transfer.enterprise)
            taker = self._node(TraceNode(f"enterprise:{name}", "enterprise", transfer.enterprise_name))
            taken = self._taken[transfer.number]
            self._flow(self._transfer(transfer), taker, taken)
            if transfer.batch is not None:
                self._flow(taker, self._batch(batches[transfer.batch]), taken)

    def add_outputs(self, batches: Iterable[ProcessingBatch]) -> None:
        """Adds what came out of each batch, and the other goods that were put into it."""
        into = _summed(self._flows, 1)
        for batch in batches:
            node = _batch_node_id(batch)
            if node not in self._nodes:
                continue
            other = _Goods()
            other.add(batch.input_g - into[node].quantity_g, batch.input_fen - into[node].amount_fen)
            if other.quantity_g > 0:
                source = TraceNode(OTHER_GOODS, "transactions", None, stays_g=None, stays_fen=None)
                self._flow(self._node(source), node, other)
            self._add_outputs_of(batch, node)

    def _add_outputs_of(self, batch: ProcessingBatch, node: str) -> None:
        for no, output in enumerate(batch.stated.outputs, 1):
            if self._scope.output not in {None, no}:
                continue
            name = f"output:{processing_batch_id(batch.number)}:{no}"
            figures = output.quantity_g, output.amount_fen
            self._node(TraceNode(name, "output", output.commodity, *figures, None, None, hs_code=output.hs_code))
            self._made.append(TraceLink(node, name, *figures, is_made=True))

    def _truck(self, of: TracedSum) -> str:
        if of.consignment is None:
            return self._node(TraceNode(WITHOUT_CONSIGNMENT, "transactions", None))
        name = f"consignment:{of.trade_point}:{of.consignment}"
        known = self._nodes.get(name)
        if known is None:
            plate = of.vehicle_plate
            self._node(TraceNode(name, "consignment", of.consignment, trade_point=of.trade_point, vehicle_plate=plate))
        elif known.vehicle_plate not in {None, of.vehicle_plate}:
            # Its trades of another origin name another plate.
            self._nodes[name] = known._replace(vehicle_plate=None)
        return name

    def _trade(self) -> str:
        name = str(self._scope.trade)
        return self._node(TraceNode(f"transactions:{name}", "transactions", name))

    def _transfer(self, transfer: TracedTransfer) -> str:
        if not self._is_shown(transfer.trade_point):
            return self._node(_of_several_points("transfer"))
        name = transfer_id(transfer.number)
        if f"transfer:{name}" in self._nodes:
            return f"transfer:{name}"
        return self._node(
            TraceNode(
                f"transfer:{name}",
                "transfer",
                name,
                whole_g=transfer.quantity_g,
                whole_fen=transfer.amount_fen,
                day=transfer.transferred_on,
                purpose=transfer.purpose,
                trade_point=transfer.trade_point,
            )
        )

    def _batch(self, batch: ProcessingBatch) -> str:
        if not self._is_shown(batch.trade_point):
            return self._node(_of_several_points("processing_batch"))
        return self._node(
            TraceNode(
                _batch_node_id(batch),
                "processing_batch",
                processing_batch_id(batch.number),
                stays_g=None,
                stays_fen=None,
                whole_g=batch.input_g,
                whole_fen=batch.input_fen,
                day=batch.stated.processed_on,
                trade_point=batch.trade_point,
            )
        )

    def _is_shown(self, trade_point: str | None) -> bool:
        return self._scope.trade_point in {None, trade_point}

    def _node(self, node: TraceNode) -> str:
        self._nodes.setdefault(node.id, node)
        return node.id

    def _flow(self, source: str, target: str, goods: TracedSum | _Goods) -> None:
        self._flows[source, target].add(goods.quantity_g, goods.amount_fen)

    def links(self) -> list[TraceLink]:
        """The links of goods, and those to outputs."""
        goods = [TraceLink(*ends, one.quantity_g, one.amount_fen, False) for ends, one in self._flows.items()]
        return goods + self._made

    def nodes(self) -> list[TraceNode]:
        """The nodes with what flows through each of them, and what stays there."""
        out, into = _summed(self._flows, 0), _summed(self._flows, 1)
        return [_with_sums(node, into.get(node.id), out[node.id]) for node in self._nodes.values()]


def _summed(flows: Mapping[tuple[str, str], _Goods], end: int) -> defaultdict[str, _Goods]:
    """The sums of what flows out of each node (end 0), or into it (end 1)."""
    found: defaultdict[str, _Goods] = defaultdict(_Goods)
    for ends, goods in flows.items():
        found[ends[end]].add(goods.quantity_g, goods.amount_fen)
    return found


def _with_sums(node: TraceNode, into: _Goods | None, out: _Goods) -> TraceNode:
    if node.kind == "output":
        return node
    # Goods begin at the nodes that nothing flows into.
    whole = out if into is None else into
    summed = node._replace(quantity_g=whole.quantity_g, amount_fen=whole.amount_fen)
    if node.stays_g is None:
        return summed
    return summed._replace(stays_g=whole.quantity_g - out.quantity_g, stays_fen=whole.amount_fen - out.amount_fen)


def _batch_node_id(batch: ProcessingBatch) -> str:
    return f"processing_batch:{processing_batch_id(batch.number)}"


def _of_several_points(kind: NodeKind) -> TraceNode:
    """The node for what holds goods of several trade points, for a caller of one of them."""
    return TraceNode(f"{kind}:{_OF_SEVERAL_POINTS}", kind, None, stays_g=None, stays_fen=None)
