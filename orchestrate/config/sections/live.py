"""Shape 5, the live runner's file: a list of entries with a name, and what they share under `global:`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrate.config.document.nodes import Node, Place, Sequence, Table, plain
from orchestrate.config.schema import Global, LiveStrategy, RiskConfig
from orchestrate.config.validation import validate
from orchestrate.domain.errors import Problem

#: Keys of an entry that are parameters of its strategy.
_CONFIG_KEYS: Final = ("model_path", "threshold")


@dataclass(frozen=True, slots=True)
class LiveStrategies:
    """The entries as a mapping from ids; `balance` is the start capital of each.

    `whole` is False where entries had to be left out because they could not be interpreted.
    """

    strategies: Table
    balance: Node | None
    whole: bool


def live_strategies(tree: Table, several: Sequence, problems: list[Problem]) -> LiveStrategies:
    """Return the list in the form that the other shapes have. What is wrong with its own keys goes to `problems`."""
    entries: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    whole = True
    for index, item in enumerate(several.items):
        name = plain(item.entries["name"]) if isinstance(item, Table) and "name" in item else None
        where = f"strategies.{name}" if isinstance(name, str) else f"strategies[{index}]"
        live, mistakes = validate(LiveStrategy, item, where)
        problems.extend(mistakes)
        if not isinstance(item, Table) or live is None or not isinstance(name, str):
            whole = False
            continue
        place = item.entries["name"].place
        if name in entries:
            problems.append(
                place.problem(f"two strategies are named '{name}'", "a name is an id here: give each a different one")
            )
        if live.strategy is None and item.get("strategy") is not None:
            whole = False
            continue
        if live.enabled and live.strategy is None:
            message = (
                f"{where} has no 'strategy': it means MODEL, which ships with the live runner and is not supported yet"
            )
            problems.append(place.problem(message, "name a library strategy: 'strategy: MOMENTUM'"))
            whole = False
            continue
        if live.enabled:
            problems.extend(_risk(item, where))
        entries[name], keys[name] = _live_entry(item, live), place
    return LiveStrategies(Table(several.place, entries, keys), _balance(tree, problems), whole)


def _balance(tree: Table, problems: list[Problem]) -> Node | None:
    shared, mistakes = validate(Global, tree.entries["global"], "global") if tree.get("global") else (None, [])
    problems.extend(mistakes)
    balance = tree.entries["global"] if shared and shared.default_balance is not None else None
    node = balance.entries["default_balance"] if isinstance(balance, Table) else None
    if node is not None and tree.get("capital") is not None:
        message = "'capital' and 'global.default_balance' both set the capital"
        problems.append(tree.keys["capital"].problem(message, "keep one"))
    return node


def _risk(item: Table, where: str) -> list[Problem]:
    risk = item.get("risk_config")
    keys = risk.keys.items() if isinstance(risk, Table) else ()
    return [
        place.problem(f"{where}.risk_config.{key} is not supported yet", "leave it out until it is")
        for key, place in keys
        if isinstance(risk, Table) and risk.get(key) is not None and key in RiskConfig.model_fields
    ]


def _live_entry(item: Table, live: LiveStrategy) -> Table:
    """Return the entry as other shapes write it, without what was reported as wrong: `live` lacks that."""
    entry = Table(item.place)
    for key, target in (("strategy", "name"), ("enabled", "enabled"), ("framework", "framework")):
        if key in live.model_fields_set:
            entry = entry.with_entry(target, item.entries[key], item.keys[key])
    if "symbol" in live.model_fields_set:
        symbol = item.entries["symbol"]
        entry = entry.with_entry("symbols", Sequence(symbol.place, (symbol,)), item.keys["symbol"])
    written = item.get("config") if "config" in live.model_fields_set else None
    config = written if isinstance(written, Table) else Table(item.place)
    for key in _CONFIG_KEYS:
        if key in live.model_fields_set:
            config = config.with_entry(key, item.entries[key], item.keys[key])
    return entry.with_entry("config", config, item.keys.get("config", item.place))
