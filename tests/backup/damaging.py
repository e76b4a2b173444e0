"""Damages a backup in every way that a disk or a copy may, and looks whether the damage is found and named.

`python -m tests.backup.damaging FILE.zip` flips each byte of a file, and prints how many of the flips were found.
"""

import pathlib
import random
import sys
from collections import Counter
from collections.abc import Iterable

from service.queries.backups import check_backup
from service.storage import archives
from service.storage.archives import DamagedArchive
from service.storage.pieces import TRAILER_BYTES

BEHIND = "behind the tables"


def parts_of(file: pathlib.Path) -> list[tuple[str, range]]:
    """The parts of a whole file with their bytes: each piece of each table, and what is behind them."""
    with archives.opening(file) as archive:
        pieces = archive.manifest.pieces
    found, first = [], 0
    for piece in pieces:
        found.append((piece.table, range(first, first + piece.length)))
        first += piece.length
    end = file.stat().st_size
    return [*found, (BEHIND, range(first, end - TRAILER_BYTES)), (BEHIND, range(end - TRAILER_BYTES, end))]


def sample(parts: Iterable[tuple[str, range]], of_each: int, seed: int) -> list[int]:
    """The first and the last byte of each part, and some between them."""
    chance = random.Random(seed)
    places = set()
    for _, part in parts:
        places |= {part[0], part[-1], *(chance.choice(part) for _ in range(of_each))}
    return sorted(places)


def flip(content: bytes, place: int, bits: int) -> bytes:
    """The content with some bits of one byte flipped."""
    return content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :]


def unnamed(whole: bytes, places: Iterable[int], parts: list[tuple[str, range]], file: pathlib.Path) -> list[str]:
    """The flips of one byte that are not found, or that are not named by their part."""
    found = []
    for place in places:
        part = next(name for name, bytes_of in parts if place in bytes_of)
        file.write_bytes(flip(whole, place, 1 << place % 8))
        told = tell(file)
        is_named = told is not None and "\n" not in told and _names(told, part, place)
        if not is_named:
            found.append(f"byte {place}, of {part}: {told}")
    return found


def tell(file: pathlib.Path) -> str | None:
    """What a check says of a damaged file; None when it finds nothing."""
    try:
        check_backup(file)
    except DamagedArchive as damage:
        return str(damage)
    return None


def _names(told: str, part: str, place: int) -> bool:
    if part == BEHIND or not told.startswith(f"its table {part} was changed between byte "):
        return part == BEHIND and told.startswith(("its manifest", "its directory"))
    first, last = (int(word.rstrip(".")) for word in told.split() if word.isdigit())
    return first <= place <= last


def main() -> None:
    """Flips each byte of a backup, all eight bits at once and one of them."""
    original = pathlib.Path(sys.argv[1])
    parts, whole = parts_of(original), original.read_bytes()
    wrong = unnamed(whole, range(len(whole)), parts, original.with_suffix(".flipped"))
    original.with_suffix(".flipped").unlink()
    print(f"{len(whole)} bytes flipped, one after the other; {len(wrong)} of them not found or not named.")
    print(dict(Counter(name for name, part in parts for _ in part)), *wrong[:10], sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
