"""What the self-check finds: a cell that is not what its parts add up to, named so that a person finds it."""

import datetime
from typing import NamedTuple

from service.domain.errors import Unavailable


class WrongFigure(NamedTuple):
    """A measure of a cell that is another one than the journal says.

    `kind` is "cell" or "processing cell". `is_now` and `should_be` are texts of numbers; of a set they are how many it
    holds. They are None where there is no such cell, or should be none.
    """

    kind: str
    day: datetime.date
    grain: int
    dimensions: str
    measure: str
    is_now: str | None
    should_be: str | None

    @property
    def sentence(self) -> str:
        """The figure as the beginning of a sentence, in the words that `hushi verify` begins with."""
        return f"T{str(self)[1:]}"

    def __str__(self) -> str:
        return (
            f"the {self.kind} of {self.day}, grain {self.grain}, {self.dimensions}: {self.measure} is "
            f"{self.is_now or 'missing'} and should be {self.should_be or 'missing'}"
        )


class FiguresState(NamedTuple):
    """How many repairs of cells there were, and whether a wrong cell is known. Answers from memory depend on both."""

    repairs: int = 0
    is_wrong: bool = False


NO_REPAIRS = FiguresState()


def refuse_wrong_figures(state: FiguresState) -> None:
    """Refuses to make a report from cells while one of them is known to be wrong. Raises Unavailable.

    A bureau publishes what a report says, and taxes nobody by it: so no figure is better than one that may be wrong.
    """
    if state.is_wrong:
        raise Unavailable(
            "The self-check has found a figure that is not what the journal adds up to, so no report is made until the "
            "operator has run hushi verify --repair-cells; /health/ready names the figure. Posting goes on."
        )
