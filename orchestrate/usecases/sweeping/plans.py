"""The plan of a trial: the configuration with a point laid over it, as `--set` lays it.

What reads configurations is imported where it is used: most workers of a sweep never do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from operator import attrgetter
from typing import Final

from orchestrate import wiring
from orchestrate.config.document.nodes import Table, find, node_of, plain
from orchestrate.domain.plan import RunPlan, StrategyPlan
from orchestrate.domain.strategies.parameters import fill_parameters
from orchestrate.domain.strategies.protocols import StrategyDescription
from orchestrate.domain.sweeps import Axis, Point


class InfeasibleError(ValueError):
    """A point at which the file is no configuration; the message says why."""


class TrialPlans:
    """Makes the plans of trials. Where a point touches parameters of strategies alone, only these are looked at again.

    `tree` is the file with everything laid over it, `base` its plan.
    """

    def __init__(self, tree: Table, base: RunPlan, axes: tuple[Axis, ...]) -> None:
        from orchestrate.config.parameters import strategy_parameter

        only = base.strategies[0].id if base.mode == "single" else ""
        self.base = base
        self.tree = _of_runs(tree)
        self._axes = {axis.name: axis for axis in axes}
        of_strategies = {axis.name: strategy_parameter(axis.path, only) for axis in axes}
        self._of_strategies = {name: place for name, place in of_strategies.items() if place is not None}
        judged = base.portfolio.compatibility.require > 0  # which parameters may change
        self._quick = len(self._of_strategies) == len(axes) and not judged
        self._written = _parameters(self.tree) if self._quick else {}
        self._described: dict[str, StrategyDescription] = {}
        self._last: tuple[Point, RunPlan] | None = None

    def plan(self, point: Point) -> RunPlan:
        """Return the plan of a point; InfeasibleError where the file is wrong with it.

        That of the last point is remembered: it is asked for by who names its trial and by who runs it.
        """
        if self._last is None or self._last[0] is not point:
            self._last = point, self._with_parameters(point) if self._quick else self.resolved(point)
        return self._last[1]

    def resolved(self, point: Point) -> RunPlan:
        """Return the plan of the whole file with a point laid over it."""
        resolution = wiring.read_tree(self.at(point), self.base.root)
        if resolution.plan is None:
            raise InfeasibleError(resolution.mistakes[0].message)
        return resolution.runnable()

    def at(self, point: Point) -> Table:
        """Return the file, without its sweep, at a point."""
        from orchestrate.config.document.layers import with_value

        tree = self.tree
        for name, value in point.items():
            tree = with_value(tree, self._axes[name].path, node_of(value, tree.place), tree.place)
        return tree

    def _with_parameters(self, point: Point) -> RunPlan:
        changed: dict[str, dict[str, object]] = {}
        for name, value in point.items():
            strategy, parameter = self._of_strategies[name]
            changed.setdefault(strategy, {})[parameter] = plain(node_of(value, self.tree.place))
        strategies = tuple(
            replace(one, config=self._filled(one.id, one.reference, changed[one.id])) if one.id in changed else one
            for one in self.base.strategies
        )
        return replace(self.base, strategies=strategies)

    def _filled(self, strategy: str, reference: str, changed: dict[str, object]) -> Mapping[str, object]:
        if strategy not in self._described:
            self._described[strategy] = wiring.describe(reference, self.base.root)
        filled, mistakes = fill_parameters(self._described[strategy], self._written.get(strategy, {}) | changed)
        if mistakes:
            single = self.base.mode == "single"
            raise InfeasibleError(f"{'strategy' if single else f'strategies.{strategy}'}: {mistakes[0].message}")
        return filled


def _of_runs(tree: Table) -> Table:
    """Return a file without its sweep and the gates of that."""
    from orchestrate.config.sections.execution import OF_SWEEP

    tree, gates = tree.without("sweep", "extends"), tree.get("gates")
    if not isinstance(gates, Table):
        return tree
    of_sweep = [name for name, _ in gates if name.startswith(OF_SWEEP)]
    return tree.with_entry("gates", gates.without(*of_sweep), tree.keys["gates"])


def _parameters(tree: Table) -> dict[str, dict[str, object]]:
    """Return the parameters of each strategy as the file has them."""
    from orchestrate.config.shapes import shape

    shaped = shape(tree, [])
    strategies = shaped.table.get("strategies") if shaped is not None else None
    written: dict[str, dict[str, object]] = {}
    for name, _ in strategies if isinstance(strategies, Table) else ():
        assert isinstance(strategies, Table)
        node, _place = find(strategies, (name, "config"))
        table = strategies.get(name)
        if isinstance(table, Table) and isinstance(table.get("config"), Table):
            given = plain(node)
            written[name] = dict(given) if isinstance(given, dict) else {}
    return written


class TrialIds:
    """Names trials: the hash of a plan, of its data and of the versions that run it."""

    def __init__(self, data_hash: str, versions: Mapping[str, str]) -> None:
        self._with = f"{data_hash}{json.dumps(dict(versions), sort_keys=True)}"
        self._rest: tuple[tuple[object, ...], str] | None = None

    def of(self, plan: RunPlan) -> str:
        """Return the id of a plan's trial. All but the parameters is hashed once for plans that share it."""
        configs = [dict(one.config) for one in plan.strategies]
        rest = self._hash_of_rest(plan)
        text = f"{rest}{json.dumps(configs, sort_keys=True, default=str)}{self._with}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _hash_of_rest(self, plan: RunPlan) -> str:
        rest = *_REST(plan), *map(_SETTINGS, plan.strategies)
        if self._rest is None or self._rest[0] != rest:
            bare = replace(plan, strategies=tuple(replace(one, config={}) for one in plan.strategies))
            self._rest = rest, bare.hash
        return self._rest[1]


#: All that a plan says but its strategies, and all that one of these says but its parameters.
_REST: Final = attrgetter(*(one.name for one in fields(RunPlan) if one.name != "strategies"))
_SETTINGS: Final = attrgetter(*(one.name for one in fields(StrategyPlan) if one.name != "config"))
