"""Reports as files: from the JSON document of a report or a series to CSV for machines and XLSX for people."""

from service.rendering.exports.delimited import csv_of
from service.rendering.exports.workbook import xlsx_of

__all__ = ["csv_of", "xlsx_of"]
