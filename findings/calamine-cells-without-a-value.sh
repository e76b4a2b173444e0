#!/usr/bin/env bash
# python-calamine: an error in a cell, and a date before 1900, leave nothing that tells them from other cells.
#
# One would guess: a cell whose formula came to #N/A or #DIV/0! is read as that text, as openpyxl does it, or raises; a
# cell with a date format and a negative number is read as the number, or raises (Excel shows ##### there).
# What happens: the error cell is '', which is also what an empty cell is, while a cell with the text "#N/A" keeps it. So
# a sum over the column is right in form and lacks a line. The negative date is datetime.time(0, 0), as 0 is: midnight.
# Who needs to know whether a figure is missing or wrong has to read the workbook's XML as well.
#
# Exits with 1 when this has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5 XlsxWriter==3.3.1 2>/dev/null
venv/bin/python - <<'PYTHON'
import datetime
import importlib.metadata
import sys

import openpyxl
import python_calamine
import xlsxwriter

book = xlsxwriter.Workbook("cells.xlsx")
sheet = book.add_worksheet()
day = book.add_format({"num_format": "yyyy-mm-dd"})
sheet.write_string(0, 0, "kg")
sheet.write_formula(1, 0, "=NA()", None, "#N/A")
sheet.write_formula(2, 0, "=1/0", None, "#DIV/0!")
sheet.write_string(3, 0, "#N/A")
sheet.write_blank(4, 0, None, day)
sheet.write_number(5, 0, -1, day)
sheet.write_number(6, 0, 0, day)
sheet.write_number(7, 0, 45383, day)
book.close()

for name in ("python-calamine", "openpyxl", "XlsxWriter"):
    print(name, importlib.metadata.version(name))
by_calamine = [row[0] for row in python_calamine.CalamineWorkbook.from_path("cells.xlsx").get_sheet_by_index(0).to_python()]
cells = openpyxl.load_workbook("cells.xlsx", read_only=True, data_only=True).active
by_openpyxl = [row[0] for row in cells.iter_rows(values_only=True)]
written = ("a heading", "=NA()", "=1/0", "the text #N/A", "nothing", "-1 as a date", "0 as a date", "45383 as a date")
for what, calamine, other in zip(written, by_calamine, by_openpyxl, strict=True):
    print(f"{what:16} calamine {calamine!r:32} openpyxl {other!r}")
midnight = datetime.time(0, 0)
seen = ["kg", "", "", "#N/A", "", midnight, midnight, datetime.date(2024, 4, 1)]
sys.exit(by_calamine != seen)
PYTHON
