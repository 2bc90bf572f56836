"""Shape 5, the live runner's file: a list of entries with a name, and what they share under `global:`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrate.config.document.nodes import Node, Place, Scalar, Sequence, Table, plain
from orchestrate.config.schema import Global, LiveStrategy
from orchestrate.config.validation import validate
from orchestrate.domain.errors import Problem

#: Keys of an entry that are parameters of its strategy.
_CONFIG_KEYS: Final = ("model_path", "threshold")
#: Keys of `risk_config`, and those of `sizing:` that they become.
_SIZING_KEYS: Final = {
    "risk_per_trade": "risk",
    "stop_loss_atr_multiple": "stop_atr",
    "take_profit_risk_reward": "take_profit_risk_reward",
}


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
            problems.extend(_lacking_risk(item, live, where))
        entries[name], keys[name] = _with_risk(_live_entry(item, live), item, live), place
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


def _lacking_risk(item: Table, live: LiveStrategy, where: str) -> list[Problem]:
    """Report a stop or a target without the risk that they go with."""
    risk = item.get("risk_config")
    if live.risk_config is None or not isinstance(risk, Table) or risk.get("risk_per_trade") is not None:
        return []
    return [
        risk.keys[key].problem(f"{where}.risk_config: '{key}' needs 'risk_per_trade'", "write risk_per_trade: 0.01")
        for key in _SIZING_KEYS
        if key in live.risk_config.model_fields_set
    ]


def _with_risk(entry: Table, item: Table, live: LiveStrategy) -> Table:
    """Return the entry with what its `risk_config` says, as `sizing` and `limits`."""
    risk = item.get("risk_config")
    if live.risk_config is None or not isinstance(risk, Table):
        return entry
    written, place = live.risk_config.model_fields_set, item.keys["risk_config"]
    if "risk_per_trade" in written:
        sizing = Table(risk.place).with_entry("method", Scalar(place, "risk"))
        for key in [key for key in _SIZING_KEYS if key in written]:
            sizing = sizing.with_entry(_SIZING_KEYS[key], risk.entries[key], risk.keys[key])
        entry = entry.with_entry("sizing", sizing, place)
    size = live.risk_config.max_position_size
    if size is not None:
        percent = Scalar(risk.entries["max_position_size"].place, size * 100)
        limits = Table(risk.place).with_entry("max_position_pct", percent, risk.keys["max_position_size"])
        entry = entry.with_entry("limits", limits, place)
    return entry


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
