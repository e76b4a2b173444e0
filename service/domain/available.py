"""What is left of a resident's allowance for one trade, and how the trade uses it."""

from typing import NamedTuple

from service.domain.allowance import ListGroup, Use


class AvailableAllowance(NamedTuple):
    """The allowance rows that a trade uses: the resident's value limit and, for goods on the list, the free weight."""

    value: Use
    group: ListGroup | None
    weight: Use

    @property
    def left_g(self) -> int:
        """What is left of the free weight, in grams; 0 for goods that are not on the list."""
        return 0 if self.group is None else max(0, self.group.free_g - self.weight.quantity_g)

    def use(self, exempt_fen: int, exempt_quantity_g: int) -> None:
        """Takes what a trade uses out of the rows. An export uses nothing."""
        if self is NOTHING_AVAILABLE:
            return
        self.value.exempt_fen += exempt_fen
        self.value.is_touched = True
        if self.group is not None:
            self.weight.quantity_g += exempt_quantity_g
            self.weight.is_touched = True


UNUSED = Use()
"""A row that stays at zero, for goods that are not on the list and for exports."""
NOTHING_AVAILABLE = AvailableAllowance(UNUSED, None, UNUSED)
