"""Workbooks: worksheets row by row, number formats, merged cells."""
