"""The only place that knows Flask: requests in, commands and queries, answers out."""
