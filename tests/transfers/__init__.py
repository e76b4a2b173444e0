"""Tests of transfers: what goes on of the market's trades."""
