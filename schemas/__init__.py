"""The wire format and the domain's values, translated into each other: no database, no request, no clock."""
