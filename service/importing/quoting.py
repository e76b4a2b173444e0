"""How an error message quotes a cell."""

CELL_SHOWN_MAX = 40


def shown(cell: str) -> str:
    """The cell's text in quotation marks, cut after CELL_SHOWN_MAX characters with an ellipsis."""
    return f'"{cell}"' if len(cell) <= CELL_SHOWN_MAX else f'"{cell[:CELL_SHOWN_MAX]}…"'
