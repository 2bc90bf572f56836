"""What a hosted strategy may not do, refused by name where it is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrate.domain.errors import EngineError


class NotHostedError(EngineError):
    """A Backtrader strategy uses something that can't be right under the orchestrator; it fails, alone."""


def refusing(what: str) -> Callable[..., None]:
    """A method that refuses `what`."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise NotHostedError(f"{what} is not hosted; docs/natives.md lists what is")

    return refuse


def refuse_methods(owner: type, names: Iterable[str], why: str) -> None:
    """Give `owner` a refusing method for each of `names`."""
    for name in names:
        setattr(owner, name, refusing(f"{name}: {why}"))


def refuse_cheating_on_open(native: type) -> None:
    """NotHostedError for a strategy that expects to decide at the open with the open already known."""
    for name in ("next_open", "nextstart_open", "prenext_open"):
        if any(name in parent.__dict__ for parent in native.__mro__ if not parent.__module__.startswith("backtrader.")):
            raise NotHostedError(
                f"{native.__name__}.{name}: cheat-on-open is not hosted; docs/natives.md lists what is"
            )
