"""The hushi command: it looks up the command by its name, and loads only the modules which that command needs."""

import importlib
import os
import sys
from typing import Any

import click

from service import __doc__ as about
from service import __version__
from service.cli.interrupting import EXIT_INTERRUPTED, is_interruption
from service.cli.streams import open_closed_streams
from service.config import SettingError
from service.server.lifetimes import end_with_any_thread
from service.server.memory import look_for_cycles_rarely
from service.storage.faults import DatabaseUnavailable, DiskFault, NotWritten, OtherRevision, OutcomeUnknown
from service.storage.suspending import stop_between_transactions

EXIT_NOT_WRITTEN = 1
EXIT_WRONG_SETTING = 2
COMMANDS = {
    "backup": "backup:backup",
    "batches": "batches:batches",
    "consignments": "consignments:consignments",
    "db": "ledger:db",
    "demo": "filling:demo",
    "enterprises": "enterprises:enterprises",
    "export": "exports:export_entries",
    "fold": "ledger:fold_tail",
    "import": "filling:import_file",
    "keys": "keys:keys",
    "mandates": "mandates:mandates",
    "report": "reports:report",
    "residents": "residents:residents",
    "restore": "backup:restore_backup",
    "rules": "rules:rules",
    "secrets": "keys:secrets",
    "serve": "serving:serve",
    "transfers": "transfers:transfers",
    "verify": "verifying:verify_ledger",
    "welcome": "serving:welcome",
}
"""The module and the function of each command; the module is loaded when the command is called."""

EXAMPLES = """\b
hushi demo                       # fill a new ledger with an invented market
hushi serve --welcome            # serve it, and say how to sign in
hushi keys create --name clerk-1 --scope transactions:write
hushi import examples/transactions-zh-gb18030.csv
hushi residents import examples/residents-zh.csv --check
hushi report trade --period 2024-H1 --by category
hushi backup hushi-2024-06-30.zip
HUSHI_DATA_DIR=other hushi verify              # or HUSHI_DATABASE_URL=…
"""


def main() -> None:
    """The entry point. It reports a wrong setting, or a file that can't be used, in one line on standard error."""
    open_closed_streams()
    end_with_any_thread()
    look_for_cycles_rarely()
    stop_between_transactions()
    try:
        hushi()
    except SettingError as error:
        click.echo(f"hushi: {error}", err=True)
        sys.exit(EXIT_WRONG_SETTING)
    except OtherRevision as error:
        click.echo(f"hushi: HUSHI_DATABASE_URL: {error}.", err=True)
        sys.exit(EXIT_WRONG_SETTING)
    except DiskFault as error:
        click.echo(f"hushi: {error}; {error.advice}", err=True)
        sys.exit(EXIT_NOT_WRITTEN)
    except DatabaseUnavailable as error:
        click.echo(f"hushi: HUSHI_DATABASE_URL: {error}; {error.advice}", err=True)
        sys.exit(EXIT_WRONG_SETTING)
    except NotWritten as fault:
        click.echo(f"hushi: nothing was written: {_first_line(fault)}; run the same command again", err=True)
        sys.exit(EXIT_NOT_WRITTEN)
    except OutcomeUnknown as fault:
        what = "nobody can tell yet whether it was written; look for it, then run the same command again"
        click.echo(f"hushi: {_first_line(fault)}: {what}", err=True)
        sys.exit(EXIT_NOT_WRITTEN)
    except OSError as error:
        _give_up_output()
        click.echo(f"hushi: {error.filename or 'standard output'}: {error.strerror}", err=True)
        sys.exit(EXIT_NOT_WRITTEN)


def _first_line(fault: Exception) -> str:
    """What a fault says. PostgreSQL adds lines about the statement, which an operator can't use."""
    return str(fault).partition("\n")[0]


def _give_up_output() -> None:
    """Sends standard output to the null device: text that could not be written is still in the buffer.

    Otherwise Python would try to write it again when the process ends, and fail again.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Lazy(click.Group):
    """A group that loads a command when it is called; listing the commands loads all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command with this name; None when there is none."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, attribute = COMMANDS[cmd_name].split(":")
        command: Any = getattr(importlib.import_module(f"service.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command. Ctrl-C ends it with one line: what it was writing was not written, or is whole."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            if not is_interruption(error):
                raise
            click.echo("hushi: interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)


@click.group(cls=_Lazy, help=about, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hushi")
def hushi() -> None:
    """The group of all commands; each of them reads the settings for itself."""


@hushi.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes hushi's commands and options.

    \b
    eval "$(hushi completion bash)"                                   # in ~/.bashrc
    hushi completion fish > ~/.config/fish/completions/hushi.fish
    """  # noqa: D301 (click takes \b as a mark)
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(hushi, {}, "hushi", "_HUSHI_COMPLETE").source())
