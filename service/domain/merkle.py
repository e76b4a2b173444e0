"""The Merkle tree over the entries of a block: its leaves, its root, and the path from a leaf to the root."""

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

# The first byte of the hashed bytes says what they are, so that an entry can't pass for a node or a block (RFC 6962,
# 2.1). A block has the next number (service.domain.chain).
_LEAF, _NODE = b"\x00", b"\x01"

Side = Literal["left", "right"]


class Step(NamedTuple):
    """One step from a leaf up to the root: the hash to join, and the side of one's own hash on which it stands."""

    side: Side
    hash: bytes


def leaf_hash(encoding: bytes) -> bytes:
    """The hash of the leaf that stands for an encoded entry."""
    return hashlib.sha256(_LEAF + encoding).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two nodes or leaves."""
    return hashlib.sha256(_NODE + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes in their order (RFC 6962); one leaf is its own root. Raises ValueError for no leaf."""
    if not leaves:
        raise ValueError("A tree has at least one leaf.")
    level = leaves
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def merkle_path(leaves: Sequence[bytes], index: int) -> list[Step]:
    """The steps from the leaf at `index` up to the root: at most log2 of the number of leaves, none for a single leaf.

    Raises IndexError when there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    path: list[Step] = []
    level = leaves
    while len(level) > 1:
        if index % 2:
            path.append(Step("left", level[index - 1]))
        elif index + 1 < len(level):
            path.append(Step("right", level[index + 1]))
        level, index = _level_above(level), index // 2
    return path


def root_from_path(leaf: bytes, path: Sequence[Step]) -> bytes:
    """The root that a leaf and its path lead to."""
    for side, sibling in path:
        leaf = node_hash(sibling, leaf) if side == "left" else node_hash(leaf, sibling)
    return leaf


def _level_above(level: Sequence[bytes]) -> Sequence[bytes]:
    # Neighbours are joined, and an odd last hash moves up alone. This builds the same tree as RFC 6962's recursive
    # split.
    above = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return [*above, level[-1]] if len(level) % 2 else above
