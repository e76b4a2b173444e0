"""Reading the files that a market's clerk exports (CSV, XLSX, NDJSON), line by line and in flat memory.

with open_lines(path) as lines:
    for line in lines:
        ...  # line.key and line.body, or line.error; lines.position of lines.total_bytes
"""

from service.importing.lines import FileLine, FileLines, ImportFileError
from service.importing.reader import open_lines

__all__ = ["FileLine", "FileLines", "ImportFileError", "open_lines"]
