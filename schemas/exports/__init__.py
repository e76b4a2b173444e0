"""Reports as files: from the JSON document of a report or a series to CSV for machines and XLSX for people."""

from schemas.exports.delimited import csv_of
from schemas.exports.workbook import xlsx_of

__all__ = ["csv_of", "xlsx_of"]
