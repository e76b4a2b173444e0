"""Reading the files that a market's clerk exports (CSV, XLSX, NDJSON), line by line and in flat memory.

with open_lines(path) as lines:
    for line in lines:
        ...  # line.key and line.body, or line.error; lines.position of lines.total_bytes
"""

from service.importing.lines import ImportFileError, Line, Lines
from service.importing.reader import open_lines

__all__ = ["ImportFileError", "Line", "Lines", "open_lines"]
