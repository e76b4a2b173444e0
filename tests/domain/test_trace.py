"""A trace adds up: what flows into a node flows out of it or stays, and nothing is attributed that nobody knows."""

import datetime
from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import trace_nodes
from service.domain.processing_batches import NewProcessingBatch, ProcessingBatch, ProcessingOutput
from service.domain.trace import OTHER_GOODS, TracedSum, TracedTransfer, TraceScope, trace_of
from service.domain.trace_nodes import Trace, TraceNode

DAY = datetime.date(2024, 6, 30)
OUTPUTS = (ProcessingOutput("酱牛肉", "160250", 84, 5040), ProcessingOutput("牛骨", None, 9, None))


def a_source(truck: str | None = "A", quantity_g: int = 100, **changes: Any) -> TracedSum:
    """A truck's trades of one origin; a gram is worth 2 fen."""
    return TracedSum("MN", "erenhot", truck, None, None, quantity_g, 2 * quantity_g)._replace(**changes)


def a_flow(truck: str | None = "A", transfer: int = 1, quantity_g: int = 100, **changes: Any) -> TracedSum:
    """What of a truck's trades went on by a transfer."""
    return TracedSum("MN", "erenhot", truck, None, transfer, quantity_g, 2 * quantity_g)._replace(**changes)


def a_transfer(number: int = 1, batch: int | None = None, **changes: Any) -> TracedTransfer:
    """A transfer of 100 g for processing."""
    whole = TracedTransfer(number, 1, "肉业", "processing", DAY, "erenhot", 100, 200, batch)
    return whole._replace(**changes)


def a_batch(number: int = 1, input_g: int = 100, **changes: Any) -> ProcessingBatch:
    """A batch with two outputs, one of them without a stated value."""
    stated = NewProcessingBatch(1, (), DAY, OUTPUTS)
    now = datetime.datetime(2024, 7, 1, tzinfo=datetime.UTC)
    batch = ProcessingBatch(number, stated, "肉业", "erenhot", input_g, 2 * input_g, None, now, 1)
    return batch._replace(**changes)


def by_id(trace: Trace) -> dict[str, TraceNode]:
    """The nodes by their ids."""
    return {node.id: node for node in trace.nodes}


def assert_it_adds_up(trace: Trace) -> None:
    """What flows into a node of goods flows out of it or stays there; what goes into a batch is all that it holds."""
    into, out = Counter[str](), Counter[str]()
    for link in trace.links:
        if not link.is_made:
            out[link.source] += link.quantity_g
            into[link.target] += link.quantity_g
    for node in trace.nodes:
        if node.kind in {"origin", "output"} or node.id == OTHER_GOODS:
            assert not into[node.id]
            assert node.quantity_g == (out[node.id] or node.quantity_g)
        else:
            assert node.quantity_g == into[node.id]
        if node.stays_g is not None:
            assert node.quantity_g == out[node.id] + node.stays_g
            assert node.stays_g >= 0
        if node.kind == "processing_batch" and node.merged == 1:
            assert into[node.id] == node.whole_g


def test_goods_are_followed_from_their_origin_to_what_came_out() -> None:
    trace = trace_of([a_source()], [a_flow(quantity_g=60)], {1: a_transfer(batch=1)}, {1: a_batch(input_g=60)})
    assert [node.id for node in trace.nodes] == [
        "origin:MN", "consignment:erenhot:A", "transfer:T00000001", "enterprise:E00000001",
        "processing_batch:B00000001", "output:B00000001:1", "output:B00000001:2",
    ]  # fmt: skip
    assert [(link.quantity_g, link.is_made) for link in trace.links] == [
        (100, False), (60, False), (60, False), (60, False), (84, True), (9, True),
    ]  # fmt: skip
    assert by_id(trace)["consignment:erenhot:A"].stays_g == 40
    assert by_id(trace)["output:B00000001:2"].amount_fen is None
    assert_it_adds_up(trace)


def test_a_batch_of_several_trucks_shows_all_outputs_and_how_much_else_was_put_in() -> None:
    """Outputs belong to all inputs together: a quarter of the input gets no quarter of an output."""
    trace = trace_of([a_source()], [a_flow()], {1: a_transfer(batch=1)}, {1: a_batch(input_g=400)})
    assert by_id(trace)[OTHER_GOODS].quantity_g == 300
    assert by_id(trace)["processing_batch:B00000001"].quantity_g == 400
    assert by_id(trace)["output:B00000001:1"].quantity_g == OUTPUTS[0].quantity_g
    assert_it_adds_up(trace)


def test_one_output_leaves_the_others_out() -> None:
    trace = trace_of([a_source()], [a_flow()], {1: a_transfer(batch=1)}, {1: a_batch()}, TraceScope(output=2))
    assert [node.id for node in trace.nodes if node.kind == "output"] == ["output:B00000001:2"]


def test_goods_that_went_to_an_enterprise_and_into_no_batch_stay_there() -> None:
    trace = trace_of([a_source()], [a_flow()], {1: a_transfer(purpose="secondary_market")}, {})
    assert by_id(trace)["enterprise:E00000001"].stays_g == 100


def test_trades_without_a_truck_are_one_node() -> None:
    trace = trace_of([a_source(None)], [a_flow(None)], {1: a_transfer()}, {})
    node = by_id(trace)["transactions:without-consignment"]
    assert (node.quantity_g, node.stays_g, node.label) == (100, 0, None)


def test_a_truck_whose_origins_name_two_plates_has_none() -> None:
    sources = [a_source(vehicle_plate="A1"), a_source(origin="RU", vehicle_plate="B2")]
    assert by_id(trace_of(sources, [], {}, {}))["consignment:erenhot:A"].vehicle_plate is None
    same = [each._replace(vehicle_plate="A1") for each in sources]
    assert by_id(trace_of(same, [], {}, {}))["consignment:erenhot:A"].vehicle_plate == "A1"


@pytest.mark.parametrize("mixed", ["transfer", "batch"])
def test_a_caller_of_one_point_sees_no_figures_of_what_holds_goods_of_several(mixed: str) -> None:
    transfer, batch = a_transfer(batch=1), a_batch(input_g=400, trade_point=None)
    if mixed == "transfer":
        transfer = transfer._replace(trade_point=None)
    trace = trace_of([a_source()], [a_flow()], {1: transfer}, {1: batch}, TraceScope(trade_point="erenhot"))
    last = trace.nodes[-1]
    assert last.id == ("transfer" if mixed == "transfer" else "processing_batch") + ":of-several-points"
    assert (last.label, last.quantity_g, last.whole_g, last.stays_g) == (None, 100, None, None)
    whole = trace_of([a_source()], [a_flow()], {1: transfer}, {1: batch})
    assert whole.nodes[-1].kind == "output"


def test_many_trucks_are_shown_as_a_few_and_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_nodes, "NODES_OF_A_KIND_MAX", 3)
    trucks = [f"L{n}" for n in range(5)]
    sources = [a_source(truck, 10 + n) for n, truck in enumerate(trucks)]
    trace = trace_of(sources, [a_flow(truck, quantity_g=5) for truck in trucks], {1: a_transfer()}, {})
    shown = [node for node in trace.nodes if node.kind == "consignment"]
    assert [(node.label, node.quantity_g, node.merged) for node in shown] == [
        ("L4", 14, 1),
        ("L3", 13, 1),
        (None, 33, 3),
    ]
    assert [link.quantity_g for link in trace.links if link.source == "consignment:merged"] == [15]
    assert_it_adds_up(trace)


grams = st.integers(1, 50)
flows = st.lists(
    st.tuples(st.sampled_from(["MN", "RU"]), st.sampled_from([None, "A", "B", "C"]), st.integers(1, 6), grams, grams),
    max_size=25,
)
batch_of_transfer = st.dictionaries(st.integers(1, 6), st.integers(1, 3))


@given(flows, batch_of_transfer, st.integers(2, 5), st.integers(0, 30))
def test_every_trace_adds_up(
    lines: list[tuple[str, str | None, int, int, int]], batch_of: dict[int, int], nodes_max: int, other_g: int
) -> None:
    """Random goods of which a part has gone on; each transfer is in one batch or in none."""
    sources, held = defaultdict[Any, int](int), Counter[int]()
    for origin, truck, transfer, gone_g, left_g in lines:
        sources[origin, truck] += gone_g + left_g
        held[batch_of.get(transfer, 0)] += gone_g
    transfers = {n: a_transfer(n, batch_of.get(n), enterprise=1 + n % 2) for n in range(1, 7)}
    batches = {n: a_batch(n, held[n] + other_g) for n in range(1, 4)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace_nodes, "NODES_OF_A_KIND_MAX", nodes_max)
        trace = trace_of(
            [a_source(truck, sum_g, origin=origin) for (origin, truck), sum_g in sources.items()],
            [a_flow(truck, transfer, gone_g, origin=origin) for origin, truck, transfer, gone_g, _ in lines],
            transfers,
            batches,
        )
    assert_it_adds_up(trace)
    of_kind = Counter(node.kind for node in trace.nodes)
    assert max(of_kind.values(), default=0) <= nodes_max
    total = sum(node.quantity_g for node in trace.nodes if node.kind == "enterprise")
    assert total == sum(gone_g for *_, gone_g, _ in lines)
