"""Five shapes of a configuration become one: `strategies:` as a mapping from ids, everything in its long form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrate.config.document.nodes import Node, Scalar, Sequence, Table, plain
from orchestrate.config.schema import Configuration, Strategy
from orchestrate.config.sections.live import live_strategies
from orchestrate.domain.errors import Problem
from orchestrate.domain.plan import Mode
from orchestrate.domain.text.spelling import nearest

#: Keys that only some shapes have; `schema.Configuration` doesn't know them.
SHAPE_KEYS: Final = ("extends", "strategy", "config", "global")
#: Inside a strategy: another word for a key.
ALIASES: Final = {"allocation_pct": "allocation", "symbol": "symbols"}


@dataclass(frozen=True, slots=True)
class Shaped:
    """The one form. `balance` is each strategy's start capital in the live runner's file, which shares equally.

    `whole` is False where entries had to be left out because they could not be interpreted.
    """

    table: Table
    mode: Mode
    live: bool = False
    balance: Node | None = None
    whole: bool = True


def lengthened(path: tuple[str, ...], node: Node) -> Node:
    """Return the long form of what may be written short, such as `capital: 300000` and `data: {IBM: IBM.csv}`."""
    if not isinstance(node, Scalar) or node.value is None:
        return node
    match path:
        case ("capital",):
            key = "total"
        case ("strategy",):
            key = "name"
        case ("portfolio", "allocation"):
            key = "method"
        case ("data", _) if isinstance(node.value, str):
            key = "path"
        case _:
            return node
    return Table(node.place, {key: node}, {key: node.place})


def shape(tree: Table, problems: list[Problem]) -> Shaped | None:
    """Return the one form of `tree`; None if it has no strategies."""
    single, several = tree.get("strategy"), tree.get("strategies")
    if single is not None and several is not None:
        message = "'strategy' and 'strategies' are both written"
        problems.append(
            tree.keys["strategies"].problem(message, "keep one: 'strategy' for one, 'strategies' for several")
        )
        return None
    tops = ("strategy", "strategies")
    if single is None and several is None:
        place = tree.keys.get("strategy") or tree.keys.get("strategies") or tree.place
        misspelt = any(
            key not in Configuration.model_fields and key != "strategy" and nearest(key, tops) for key, _ in tree
        )
        if not misspelt:
            hint = "write 'strategy: MOMENTUM', or 'strategies:' for several"
            problems.append(place.problem("no strategy is named", hint))
        return None
    mode: Mode = "single" if several is None else "multi"
    _check_mode(tree, mode, problems)
    table = _without_misplaced(long_sections(tree), single, problems).without(*SHAPE_KEYS)
    if single is not None:
        shaped = Shaped(_one(tree, table, single, problems), mode)
    elif isinstance(several, Sequence):
        live = live_strategies(tree, several, problems)
        table = table.with_entry("strategies", live.strategies, tree.keys["strategies"])
        shaped = Shaped(table, mode, live=True, balance=live.balance, whole=live.whole)
    else:
        shaped = Shaped(_several(table, problems), mode)
    if not shaped.live and "global" in tree:
        hint = "it belongs to a list of strategies, the live runner's file"
        problems.append(tree.keys["global"].problem("'global' has no meaning here", hint))
    if single is None and "config" in tree:
        hint = "each strategy has a 'config:' of its own"
        problems.append(tree.keys["config"].problem("'config' at the top level belongs to 'strategy:'", hint))
    return shaped


def _without_misplaced(tree: Table, single: Node | None, problems: list[Problem]) -> Table:
    """Report keys of a strategy at the top level, and take them out."""
    known = {*Strategy.model_fields, *ALIASES} - {*Configuration.model_fields, *SHAPE_KEYS}
    misplaced = [key for key, _ in tree if key in known]
    for key in misplaced:
        place = tree.keys[key]
        if single is None:
            problems.append(place.problem(f"'{key}' belongs to a strategy", "write it inside each of 'strategies:'"))
        else:
            named = plain(single) if isinstance(single, Scalar) else "…"
            hint = f"write strategy: {{name: {named}, {key}: …}}"
            problems.append(place.problem(f"'{key}' belongs to the strategy", hint))
    return tree.without(*misplaced)


def _check_mode(tree: Table, mode: Mode, problems: list[Problem]) -> None:
    stated = tree.get("mode")
    if isinstance(stated, Scalar) and stated.value in ("single", "multi") and stated.value != mode:
        key = "strategy" if mode == "single" else "strategies"
        message = f"mode is {stated.value}, but '{key}:' makes it {mode}"
        problems.append(stated.place.problem(message, f"leave 'mode' out, or write {mode}"))


def long_sections(tree: Table) -> Table:
    """Return the same tree with `capital`, `data` and `portfolio` in their long form."""
    entries = {key: lengthened((key,), node) for key, node in tree}
    portfolio = entries.get("portfolio")
    if isinstance(portfolio, Table):
        long = {key: lengthened(("portfolio", key), node) for key, node in portfolio}
        entries["portfolio"] = Table(portfolio.place, long, portfolio.keys)
    data = entries.get("data")
    if isinstance(data, Table):
        entries["data"] = Table(data.place, {symbol: _long_data(symbol, node) for symbol, node in data}, data.keys)
    return Table(tree.place, entries, tree.keys)


def _long_data(symbol: str, node: Node) -> Node:
    node = lengthened(("data", symbol), node)
    adjust = node.get("adjust") if isinstance(node, Table) else None
    if isinstance(node, Table) and isinstance(adjust, Table):
        splits = adjust.get("splits")
        if isinstance(splits, Scalar) and isinstance(splits.value, str) and "factors" not in adjust:
            file = adjust.without("splits").with_entry("factors", splits, adjust.keys["splits"])
            return node.with_entry("adjust", file, node.keys["adjust"])
    return node


def _one(tree: Table, table: Table, node: Node, problems: list[Problem]) -> Table:
    """Return shapes 1 and 2: the id is the name."""
    entry = lengthened(("strategy",), node)
    config = tree.get("config")
    if isinstance(entry, Table):
        if config is not None:
            if "config" in entry:
                message = "'config' is written twice, here and inside 'strategy'"
                problems.append(tree.keys["config"].problem(message, "keep one"))
            entry = entry.with_entry("config", config, tree.keys["config"])
        entry = _renamed(entry, problems)
    name = entry.get("name") if isinstance(entry, Table) else None
    place = tree.keys["strategy"]
    if isinstance(entry, Table) and name is None:
        problems.append(place.problem("strategy needs 'name'", "write strategy: {name: MOMENTUM}"))
    label = identifier(name.value) if isinstance(name, Scalar) and isinstance(name.value, str) else "strategy"
    strategies = Table(place, {label: entry}, {label: place})
    return table.with_entry("strategies", strategies, place)


def identifier(name: str) -> str:
    """Return the id made from a strategy's name: the class of `path/file.py:Class` and `package.module:Class`."""
    return name.rpartition(":")[2] or name


def _several(table: Table, problems: list[Problem]) -> Table:
    """Return shapes 3 and 4."""
    node = table.entries["strategies"]
    if not isinstance(node, Table):
        return table
    entries: dict[str, Node] = {}
    for key, entry in node:
        empty = isinstance(entry, Scalar) and entry.value is None
        entries[key] = Table(node.keys[key]) if empty else _renamed(entry, problems)
    return table.with_entry("strategies", Table(node.place, entries, node.keys), table.keys["strategies"])


def _renamed(entry: Node, problems: list[Problem]) -> Node:
    """Return the tree with one word for each key."""
    if not isinstance(entry, Table):
        return entry
    for alias, key in ALIASES.items():
        node = entry.get(alias)
        if node is not None and entry.get(key) is not None:
            place = entry.keys[alias]
            problems.append(place.problem(f"'{key}' and '{alias}' are both written and mean the same", "keep one"))
        if node is None or entry.get(key) is not None:
            entry = entry.without(alias)
            continue
        if alias == "symbol" and isinstance(node, Scalar):
            node = Sequence(node.place, (node,))
        entry = entry.without(alias).with_entry(key, node, entry.keys[alias])
    return entry
