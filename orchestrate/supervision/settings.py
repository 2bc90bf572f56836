"""How long a command waits, unless the environment says otherwise (docs/reference/unforeseen-ends.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrate.domain.errors import Problem

#: Seconds that code which can't be broken off gets beyond its limit before its process is ended.
GRACE: Final = ("ORCHESTRATE_GRACE", 5.0)
#: Seconds that a run waits for the lock of its journal.
JOURNAL_WAIT: Final = ("ORCHESTRATE_JOURNAL_WAIT", 10.0)
#: A second Ctrl-C within so many seconds is the first one, sent both to a process and to its group.
REPEATED: Final = 0.1
_LONGEST: Final = 86400.0


def problems(environ: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with these settings in `environ`."""
    from orchestrate.domain.errors import ConfigurationError

    mistakes: list[Problem] = []
    for setting in (GRACE, JOURNAL_WAIT):
        try:
            seconds(setting, environ)
        except ConfigurationError as error:
            mistakes += error.problems
    return mistakes


def seconds(setting: tuple[str, float], environ: Mapping[str, str]) -> float:
    """Return the seconds that `environ` says, or the usual ones.

    ConfigurationError for what is no number of seconds.
    """
    name, usual = setting
    text = environ.get(name, "")
    try:
        given = float(text or usual)
    except ValueError:
        given = -1.0
    if 0 <= given <= _LONGEST:
        return given
    from orchestrate.domain.errors import ConfigurationError, Problem

    message = f"expected seconds from 0 to {_LONGEST:g}, found {text!r}"
    raise ConfigurationError([Problem(name, 0, 0, message)])
