"""Reads two streams of rows side by side, both in the order of the same key."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from service.queries.verifying.faults import UNREADABLE, unreadable
from service.storage.raw_rows import Raw


def side_by_side(
    what: str, key_of: Callable[[Raw], Any], left: Iterable[Raw], right: Iterable[Raw]
) -> Iterator[tuple[Any, list[Raw], list[Raw]]]:
    """Each key that one of the streams has, with the rows of both. Memory holds the rows of one key.

    Raises Wrong, which names `what`, when a key has no order: it is no number then.
    """
    of_left, of_right = itertools.groupby(left, key_of), itertools.groupby(right, key_of)
    one, other = next(of_left, None), next(of_right, None)
    while one is not None or other is not None:
        try:
            is_left = other is None or (one is not None and one[0] <= other[0])
            is_right = one is None or (other is not None and other[0] <= one[0])
        except UNREADABLE as error:
            raise unreadable(what, error) from None
        key: Any = None
        own: list[Raw] = []
        others: list[Raw] = []
        if is_left and one is not None:
            key, own = one[0], list(one[1])
        if is_right and other is not None:
            key, others = other[0], list(other[1])
        if is_left:
            one = next(of_left, None)
        if is_right:
            other = next(of_right, None)
        yield key, own, others
