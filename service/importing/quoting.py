"""How an error message quotes a cell."""

CELL_SHOWN_MAX = 40


def shown(cell: str) -> str:
    """A cell as an error message quotes it."""
    return f'"{cell}"' if len(cell) <= CELL_SHOWN_MAX else f'"{cell[:CELL_SHOWN_MAX]}…"'
