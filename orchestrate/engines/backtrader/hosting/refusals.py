"""What a hosted Backtrader strategy may not do, refused by name where it tries."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.engines.hosting.refusals import not_hosted, refusing


def refuse_methods(owner: type, names: Iterable[str], why: str) -> None:
    """Give `owner` a refusing method for each of `names`."""
    for name in names:
        setattr(owner, name, refusing(f"{name}: {why}"))


def refuse_cheating_on_open(native: type) -> None:
    """NotHostedError for a strategy that expects to decide at the open with the open already known."""
    for name in ("next_open", "nextstart_open", "prenext_open"):
        if any(name in parent.__dict__ for parent in native.__mro__ if not parent.__module__.startswith("backtrader.")):
            raise not_hosted(f"{native.__name__}.{name}: cheat-on-open")
