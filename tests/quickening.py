"""What would be done again for each of two thousand tests, and comes out the same each time."""

import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

import jinja2
import sqlalchemy as sa
import werkzeug.routing
from sqlalchemy.engine.default import DefaultDialect

MEMORY = pathlib.Path("/dev/shm")
FREE_BYTES_MIN = 4 * 1024**3


def write_to_memory() -> None:
    """Has temporary files, and those of processes that are started, in memory where there is plenty of it.

    Tests wait for the disk otherwise, for each commit of each of their ledgers; that a ledger outlives a power cut
    can't be tested here either way. PostgreSQL's programs are started from there: it must allow that.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= FREE_BYTES_MIN and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # So that it is looked for again.


def compile_each_route_once() -> None:
    """Keeps the code that werkzeug makes for each rule of each application: each test has one, with the same rules."""
    rule_class: Any = werkzeug.routing.Rule
    compiled: dict[object, Callable[..., tuple[str, str]]] = {}
    compile_builder = rule_class._compile_builder

    def compile_once(rule: Any, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    rule_class._compile_builder = compile_once


def compile_each_template_once() -> None:
    """Keeps the code that Jinja makes for each template of each application."""
    environment_class: Any = jinja2.Environment
    compiled: dict[object, Any] = {}
    compile_template = environment_class.compile

    def compile_once(environment: Any, source: Any, name: str | None = None, *more: Any, **named: Any) -> Any:
        key = (source, name, more, tuple(named.items()))
        if key not in compiled:
            compiled[key] = compile_template(environment, source, name, *more, **named)
        return compiled[key]

    environment_class.compile = compile_once


def compile_each_statement_once() -> None:
    """Keeps the SQL text of each statement, which SQLAlchemy keeps for an engine alone: each test has two of them.

    It asks for the dialect as well, of which each engine has its own; here those of one database's kind are alike.
    """
    create_engine, compiled = sa.create_engine, dict[Any, Any]()

    def create_engine_that_shares(*args: Any, **kwargs: Any) -> sa.Engine:
        engine = create_engine(*args, **kwargs)
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    sa.create_engine = create_engine_that_shares
    DefaultDialect.__hash__ = lambda dialect: hash(type(dialect))  # type: ignore[assignment, method-assign] # (for all)
    DefaultDialect.__eq__ = lambda dialect, other: type(dialect) is type(other)  # type: ignore[method-assign] # (for every dialect)
