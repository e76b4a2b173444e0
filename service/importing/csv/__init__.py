"""Reads text files in columns, with commas, semicolons or tabs, in any encoding that offices use."""
