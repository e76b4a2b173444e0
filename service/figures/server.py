"""Figures of the server itself."""

from service.figures.families import Counter

LOG_LINES_LOST = Counter("hushi_log_lines_lost", "Log lines that could not be written.")
