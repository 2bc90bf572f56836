"""What a native can't do under the orchestrator, refused by name where it tries; docs/natives.md lists it."""

from __future__ import annotations

from collections.abc import Callable

from orchestrate.domain.errors import EngineError


class NotHostedError(EngineError):
    """A native uses something that can't be right under the orchestrator; it fails, alone."""


def not_hosted(what: str) -> NotHostedError:
    """Return the error that refuses `what` and says where the reader finds what is hosted."""
    return NotHostedError(f"{what} is not hosted; docs/natives.md lists what is")


def refusing(what: str) -> Callable[..., None]:
    """Return a method that refuses `what`."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise not_hosted(what)

    return refuse
