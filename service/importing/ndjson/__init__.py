"""Files with a JSON document on each line."""
