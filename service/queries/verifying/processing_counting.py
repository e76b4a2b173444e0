"""Counts the lines of all transfers again, and tells what the rows of the cells of processing must hold."""

import operator
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from service.domain.processing_cells import ALL_GRAINS, ProcessingCell, ProcessingGrain, processing_key
from service.queries.verifying.counting import CountedRow, roll_up
from service.storage import processing_recount
from service.storage.cell_tables import RawKey, dimensions_text
from service.storage.engine import Connection
from service.storage.processing_cells import FoldedUpTo
from service.storage.raw_rows import Raw


@dataclass(slots=True)
class _Spot(ProcessingCell):
    """The sums of the live lines of one spot, and the newest fact that changed it."""

    fact: int = 0


def count_lines(connection: Connection, folded: FoldedUpTo) -> dict[RawKey, CountedRow]:
    """What the row of each cell must hold, for every grain, by the lines that are folded."""
    with closing(processing_recount.folded_rows(connection, folded)) as rows:
        return count_rows(rows)


def count_rows(rows: Iterable[Raw], grains: Iterable[ProcessingGrain] = ALL_GRAINS) -> dict[RawKey, CountedRow]:
    """What the rows of the cells of these grains must hold, by lines as `processing_recount` reads them."""
    spots: dict[tuple[Any, ...], _Spot] = {}
    for recorded, taken_off, resident, place, amount_fen, quantity_g, paid_fen, is_whole, *own in rows:
        key = tuple(own)
        spot = spots.get(key)
        if spot is None:
            spot = spots[key] = _Spot()
        changed_in = recorded if taken_off is None else max(recorded, taken_off)
        if changed_in > spot.fact:
            spot.fact = changed_in
        if taken_off is not None:
            continue
        spot.amount_fen += amount_fen
        spot.quantity_g += quantity_g
        spot.paid_fen += paid_fen or 0
        spot.residents.add(resident)
        if is_whole:
            spot.whole += 1
        else:
            spot.parts.add(place)
    return roll_up(_parts(spots, grains))


def _parts(
    spots: dict[tuple[Any, ...], _Spot], grains: Iterable[ProcessingGrain]
) -> Iterator[tuple[RawKey, CountedRow]]:
    of_grains = [(grain, operator.itemgetter(*grain.dimensions)) for grain in grains]
    for (traded_on, transferred_on, *own), spot in spots.items():
        key = processing_key(*own)
        part = CountedRow(
            [spot.quantity_g, spot.amount_fen, spot.paid_fen, spot.whole], [spot.residents, spot.parts], spot.fact
        )
        for grain, values_of in of_grains:
            day = traded_on if grain.on == "traded" else transferred_on
            yield (grain.number, day, dimensions_text(values_of(key))), part
