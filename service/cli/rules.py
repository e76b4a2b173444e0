"""hushi rules: the dated rules in force, and the operator's rule files beside those that ship."""

import datetime
import pathlib
import sys
import uuid
from collections.abc import Iterator, Sequence

import click
import orjson

from schemas.rule_files import read_rule_document
from schemas.rules import RulesQuerySchema, rules_document
from service.cli.opening import open_existing_ledger
from service.cli.settings import pass_settings
from service.commands.rules import add_rule_file
from service.config import Settings
from service.domain.allowance import Category, ListGroup, Rule, ValueLimit
from service.domain.errors import FieldError, Unavailable, ValidationFailed
from service.domain.money import format_cny, format_kg
from service.domain.rule_files import FILE_BYTES_MAX, RuleChange
from service.queries.rules import assess_rule_file, rules_in_force
from service.rules.names import LANGUAGES

EXIT_WRONG_FILE = 1
EXIT_WRONG_DAY = 2
_KINDS = {"value_limits": "the value limit", "list_groups": "list group", "categories": "category"}

_LONG = frozenset({"legal basis", "source"})
"""Parts of a rule that are told as they become, without what they were."""

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))


@click.group()
def rules() -> None:
    """The dated rules: limits, list groups and categories, as they ship and as the operator adds them.

    docs/RULES.md describes the files; examples/rules.json is one.

    \b
    hushi rules list --day 2024-06-30
    hushi rules check examples/rules.json
    hushi rules add examples/rules.json
    """  # noqa: D301 (click takes \b as a mark)


@rules.command("list")
@click.option("--day", metavar="DAY", help="The business day; today if left out.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="zh", show_default=True, help="Of a table.")
@click.option("--format", "shape", type=click.Choice(("table", "json")), help="A table on a terminal, JSON otherwise.")
@pass_settings
def list_rules(settings: Settings, day: str | None, lang: str, shape: str | None) -> None:
    """List the rules in force on a day, each with its legal basis, its source, and whether it is verified.

    \b
    hushi rules list
    hushi rules list --day 2024-06-30 --format json
    """  # noqa: D301 (click takes \b as a mark)
    asked: dict[str, datetime.date] = {}
    try:
        asked = RulesQuerySchema().read({} if day is None else {"day": day})
    except ValidationFailed as refusal:
        click.echo(f"hushi: --day: {refusal.errors[0].detail}", err=True)
        sys.exit(EXIT_WRONG_DAY)
    document = rules_document(rules_in_force(open_existing_ledger(settings), asked.get("day")))
    if (shape or ("table" if sys.stdout.isatty() else "json")) == "json":
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        return
    from service.rendering.rules_table import rules_table
    from service.rendering.terminal import console

    console().print(rules_table(document, lang))


@rules.command()
@_FILE
@pass_settings
def check(settings: Settings, file: pathlib.Path) -> None:
    """Say all that is wrong with a rule file, or what it would change from which day. Nothing is recorded.

    Exit 1 when something is wrong.

    \b
    hushi rules check examples/rules.json
    """  # noqa: D301 (click takes \b as a mark)
    ledger, text = open_existing_ledger(settings), _checked_text(file)
    try:
        assessed = assess_rule_file(ledger, text)
    except Unavailable as error:
        raise click.ClickException(error.detail) from None
    if assessed.known_as is not None:
        click.echo(f"{file} is rule file {assessed.known_as} already; adding it again would change nothing.")
        return
    _refuse(file, assessed.assessment.faults)
    click.echo(f"{file} can be added. For trades that are judged from then on:")
    _tell(assessed.assessment.changes)


@rules.command()
@_FILE
@pass_settings
def add(settings: Settings, file: pathlib.Path) -> None:
    """Check a rule file and record it. Running servers judge by it at once; entries that are there keep their verdict.

    A file can't be removed: a later file corrects or repeals its rows. Exit 1 when something is wrong.

    \b
    hushi rules add examples/rules.json
    """  # noqa: D301 (click takes \b as a mark)
    ledger, text = open_existing_ledger(settings), _checked_text(file)
    try:
        added = add_rule_file(ledger, text, str(uuid.uuid4()))
    except ValidationFailed as refusal:
        _refuse(file, refusal.errors)
        raise
    except Unavailable as error:
        raise click.ClickException(error.detail) from None
    if not added.is_new:
        click.echo(f"{file} is rule file {added.no} already; nothing has changed.")
        return
    click.echo(f"{added.name} is recorded as rule file {added.no}. For trades that are judged from now on:")
    _tell(added.changes)


def _checked_text(file: pathlib.Path) -> str:
    """The text of a rule file. When the file can't be one, it says all that is wrong and exits."""
    with file.open("rb") as opened:
        content = opened.read(FILE_BYTES_MAX + 1)
    try:
        return read_rule_document(content)
    except ValidationFailed as refusal:
        _refuse(file, refusal.errors)
        raise


def _refuse(file: pathlib.Path, faults: Sequence[FieldError]) -> None:
    """Prints what is wrong, each with the pointer of its place, and exits; it does nothing when nothing is wrong."""
    for fault in faults:
        click.echo(f"hushi: {file}: {fault.pointer or '/'}: {fault.detail}", err=True)
    if faults:
        sys.exit(EXIT_WRONG_FILE)


def _tell(changes: Sequence[RuleChange]) -> None:
    for change in changes:
        named = _KINDS[change.kind] + (f" {change.name}" if change.name else "")
        click.echo(f"  from {change.day}: {named}: {', '.join(_differences(change))}")
    if not changes:
        click.echo("  nothing changes: each row says what holds already.")


def _differences(change: RuleChange) -> Iterator[str]:
    """What differs between two rules, as `free kg 50.000 → 10.000`; the whole rule where there was none."""
    before, after = _parts(change.before, change.day), _parts(change.after, change.day)
    if not after:
        yield "no longer holds"
    elif before == after:
        yield "as without this file"
    for name, said in after.items():
        if before.get(name) != said:
            yield f"{name} {before[name]} → {said}" if name in before and name not in _LONG else f"{name} {said}"


def _parts(rule: Rule | None, day: datetime.date) -> dict[str, str]:
    """What a rule says on a day, in words."""
    if rule is None:
        return {}
    parts: dict[str, str] = {}
    if isinstance(rule, ValueLimit):
        parts["CNY"] = format_cny(rule.limit_fen)
    elif isinstance(rule, ListGroup):
        parts |= {"free kg": format_kg(rule.free_g), "HS": " ".join(rule.hs_prefixes)}
    elif isinstance(rule, Category):
        needed = "needed" if rule.hs_code_required else "not needed"
        parts |= {"HS": " ".join(rule.hs_prefixes), "HS code of an import": needed}
    basis = rule.basis
    verified = "yes" if basis.is_verified_on(day) else "no"
    return {**parts, "verified": verified, "legal basis": basis.legal_basis, "source": basis.source}
