"""Splits a consignment among residents, so that each part is wholly exempt, and nothing of a line is lost.

A consignment has lines, and each line has a weight and an amount. The parts of a line and what is left of it add up to
the line, in grams and in fen. See docs/RULES.md, Splitting a consignment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from service.domain.rounding import divide_half_up

SplitPolicy = Literal["fill", "even"]
SPLIT_POLICIES: tuple[SplitPolicy, ...] = ("fill", "even")
"""With "fill", each resident gets as much as the allowance takes, so few residents are needed; with "even", all get a
part of the same size, where their allowances take it."""

NoRoomReason = Literal["not-active", "no-value-left", "no-weight-left", "less-than-a-unit", "worth-nothing"]
"""Why a resident gets no part: the resident may not trade on the day; nothing is left of the value limit; nothing is
left of the free weight of the list group; the allowance takes less than one unit; the part would be worth 0 fen."""


class LineToSplit(NamedTuple):
    """A line of a consignment, and what of it was split before: grams, fen, and its list group, if it is in one."""

    quantity_g: int
    amount_fen: int
    list_group: str | None
    given_g: int = 0
    given_fen: int = 0


class Receiver(NamedTuple):
    """A resident who takes part in a split: what is left of the value limit, and of the free weight by list group."""

    resident: int
    room_fen: int
    free_g: Mapping[str, int]


class SplitPart(NamedTuple):
    """What one resident gets of one line; `line` is the line's place in the consignment, from 0."""

    line: int
    resident: int
    quantity_g: int
    amount_fen: int


class LineRemainder(NamedTuple):
    """What is left of a line after a split."""

    quantity_g: int
    amount_fen: int


class Split(NamedTuple):
    """A split: its parts by line and resident, what is left of each line, and why residents without a part have none.

    A resident whose turn came when nothing was left is not in `no_room`.
    """

    parts: Sequence[SplitPart]
    left: Sequence[LineRemainder]
    no_room: Mapping[int, NoRoomReason]


def split(
    lines: Sequence[LineToSplit], receivers: Sequence[Receiver], policy: SplitPolicy = "fill", unit_g: int = 1
) -> Split:
    """Splits the lines in order among the residents in order.

    A part is a multiple of `unit_g` (a carton, say), unless it is all that is left of the line.
    """
    allowances = [_Allowance(one.resident, one.room_fen, dict(one.free_g)) for one in receivers]
    parts: list[SplitPart] = []
    left: list[LineRemainder] = []
    for place, line in enumerate(lines):
        rest = _rest_of(line)
        given = _split_line(place, rest, allowances, policy, unit_g)
        parts += given
        left.append(_left_of(rest, given))
    served = {part.resident for part in parts}
    no_room = {one.resident: one.why for one in allowances if one.why is not None and one.resident not in served}
    return Split(parts, left, no_room)


@dataclass(slots=True)
class _Allowance:
    """What a resident's allowance still takes while a consignment is split, and why the resident got no part first."""

    resident: int
    room_fen: int
    free_g: dict[str, int]
    why: NoRoomReason | None = field(default=None)


class _Rest(NamedTuple):
    """What is to be split of a line.

    The first `given_g` grams of `quantity_g` were given before, for `given_fen`, which is their amount exactly.
    """

    quantity_g: int
    amount_fen: int
    list_group: str | None
    given_g: int
    given_fen: int

    def amount_of(self, quantity_g: int) -> int:
        """The amount of the first grams of the line, half up. So all grams together have the whole amount."""
        return divide_half_up(self.amount_fen * quantity_g, self.quantity_g)

    def largest_for(self, amount_fen: int) -> int:
        """The most grams from the line's beginning whose amount is not above this one."""
        if self.amount_fen == 0:
            return self.quantity_g
        return (2 * self.quantity_g * amount_fen + self.quantity_g - 1) // (2 * self.amount_fen)


def _rest_of(line: LineToSplit) -> _Rest:
    """The line, to be gone on with where the last split ended.

    When single parts were reversed, the amounts of the others may differ by some fen from that of as many grams from
    the beginning. Then what is left is split as a line of its own, so that it still adds up.
    """
    whole = _Rest(*line)
    if whole.amount_of(line.given_g) == line.given_fen:
        return whole
    return _Rest(line.quantity_g - line.given_g, line.amount_fen - line.given_fen, line.list_group, 0, 0)


def _split_line(
    place: int, line: _Rest, allowances: Sequence[_Allowance], policy: SplitPolicy, unit_g: int
) -> list[SplitPart]:
    parts: list[SplitPart] = []
    given_g, given_fen = line.given_g, line.given_fen
    for before, allowance in enumerate(allowances):
        left_g = line.quantity_g - given_g
        if left_g == 0:
            break
        cap_g = left_g if policy == "fill" else _even_share(left_g, unit_g, len(allowances) - before)
        quantity_g = _largest_part(line, allowance, given_g, min(cap_g, left_g), unit_g)
        amount_fen = line.amount_of(given_g + quantity_g) - given_fen
        if amount_fen == 0:
            allowance.why = allowance.why or _why_nothing(line, allowance, quantity_g)
            continue
        parts.append(SplitPart(place, allowance.resident, quantity_g, amount_fen))
        given_g, given_fen = given_g + quantity_g, given_fen + amount_fen
        allowance.room_fen -= amount_fen
        if line.list_group is not None:
            allowance.free_g[line.list_group] -= quantity_g
    if parts and line.list_group is None and given_fen == line.amount_fen:
        # What is left is worth nothing, so no trade can have it alone. Goods of a list group stay, because the last
        # resident's free weight may not take them.
        parts[-1] = parts[-1]._replace(quantity_g=parts[-1].quantity_g + line.quantity_g - given_g)
    return parts


def _even_share(left_g: int, unit_g: int, residents: int) -> int:
    """The share of each of the residents who are still to come, rounded up to whole units."""
    return -(-left_g // (unit_g * residents)) * unit_g


def _largest_part(line: _Rest, allowance: _Allowance, given_g: int, cap_g: int, unit_g: int) -> int:
    """The most grams that the cap, the free weight and the value limit allow: all that is left, or whole units."""
    room_fen = max(0, allowance.room_fen)
    most_g = min(cap_g, line.largest_for(line.amount_of(given_g) + room_fen) - given_g)
    if line.list_group is not None:
        most_g = min(most_g, allowance.free_g.get(line.list_group, 0))
    return most_g if most_g == line.quantity_g - given_g else most_g - most_g % unit_g


def _why_nothing(line: _Rest, allowance: _Allowance, quantity_g: int) -> NoRoomReason:
    if allowance.room_fen <= 0:
        return "no-value-left"
    if line.list_group is not None and allowance.free_g.get(line.list_group, 0) <= 0:
        return "no-weight-left"
    return "less-than-a-unit" if quantity_g == 0 else "worth-nothing"


def _left_of(line: _Rest, parts: Sequence[SplitPart]) -> LineRemainder:
    quantity_g = line.quantity_g - line.given_g - sum(part.quantity_g for part in parts)
    return LineRemainder(quantity_g, line.amount_fen - line.given_fen - sum(part.amount_fen for part in parts))
