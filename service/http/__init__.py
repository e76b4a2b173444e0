"""The only place that knows Flask: it reads requests, calls commands and queries, and writes their answers."""
