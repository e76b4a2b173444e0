"""The settings of a command, read when it runs, so that `--help` and completion work in any environment."""

import functools
import os
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from service.config import Settings, read_settings

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def settings_of_environment(**changes: str) -> Settings:
    """The settings of the environment, with some variables changed. Raises SettingError."""
    return read_settings({**os.environ, **changes})


def pass_settings(command: Callable[Concatenate[Settings, Arguments], Result]) -> Callable[Arguments, Result]:
    """Gives the settings to a command as its first argument."""

    @functools.wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Calls the command with the settings before its other arguments."""
        return command(settings_of_environment(), *args, **kwargs)

    return run
