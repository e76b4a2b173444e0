"""Reads workbooks: their worksheets row by row, their number formats and their merged cells."""
