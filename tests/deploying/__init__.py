"""Starts docker-compose.yml for real, and checks what it promises: `python -m tests.deploying.try_compose`.

It needs root, Docker and a few minutes, so `make test` leaves it out. docs/RELIABILITY.md tells what was run.
"""
