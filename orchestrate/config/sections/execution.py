"""`execution:`, `frameworks:`, `gates:`: how a run is done and judged."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Final

from orchestrate.analytics.gates import gate_problem
from orchestrate.config.document.nodes import Scalar, Table, named, plain
from orchestrate.config.reading import Reading
from orchestrate.config.validation import build
from orchestrate.domain.gates import parse_gate
from orchestrate.domain.orders.execution import Commission, ExecutionRules, Slippage
from orchestrate.domain.orders.option_rules import OptionRules
from orchestrate.domain.plan import Gate
from orchestrate.domain.text.spelling import did_you_mean

#: What the metrics of gates begin with that judge a sweep.
OF_SWEEP: Final = "sweep."


def execution_rules(reading: Reading) -> ExecutionRules:
    """Return the `execution:` section; two ways of the same cost are a mistake."""
    written = reading.values.execution
    commission, slippage = written.commission, written.slippage
    if commission.percent is not None and commission.per_share is not None:
        message = "'percent' and 'per_share' can't both be set"
        reading.wrong(("execution", "commission"), message, "keep one")
        return ExecutionRules()
    if slippage.percent is not None and slippage.ticks is not None:
        reading.wrong(("execution", "slippage"), "'percent' and 'ticks' can't both be set", "keep one")
        return ExecutionRules()
    return ExecutionRules(
        fill=written.fill,
        commission=Commission(
            percent=float(commission.percent or 0),
            per_share=float(commission.per_share or 0),
            minimum=float(commission.minimum or 0),
        ),
        slippage=Slippage(percent=float(slippage.percent or 0), ticks=float(slippage.ticks or 0)),
        lots=written.lots,
        close_at_end=written.close_at_end,
        ruin=written.ruin,
        strategy_timeout=float(written.strategy_timeout),
        options=_option_rules(reading),
    )


def _option_rules(reading: Reading) -> OptionRules:
    written = reading.values.execution.options
    if written.minimum is not None and written.per_contract is None:
        reading.wrong(("execution", "options", "minimum"), "a minimum needs 'per_contract'", "add per_contract")
        return OptionRules()
    return OptionRules(
        cross=float(written.cross),
        quotes=written.quotes,
        max_age=written.max_age or "",
        per_contract=None if written.per_contract is None else float(written.per_contract),
        minimum=float(written.minimum or 0),
        early_assignment=written.early_assignment,
    )


def framework_settings(reading: Reading, used: list[str]) -> dict[str, dict[str, object]]:
    """Return each used framework's settings, defaults filled in. Sections of others are checked too."""
    node = reading.shaped.table.get("frameworks")
    written = node if isinstance(node, Table) else None
    settings: dict[str, dict[str, object]] = {}
    for name, section in written or ():
        if name not in reading.settings:
            known = list(reading.settings)
            hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
            reading.problems.append(reading.key("frameworks", name).problem(f"unknown framework '{name}'", hint))
            continue
        if not isinstance(section, Table):
            continue
        value, problems = build(reading.settings[name], section, f"frameworks.{name}")
        reading.problems.extend(problems)
        if value is not None:
            settings[name] = dataclasses.asdict(value)
    defaults = {name: dataclasses.asdict(reading.settings[name]()) for name in used if name in reading.settings}
    return {name: settings.get(name, default) for name, default in defaults.items()}


def gates(reading: Reading, strategies: list[str], frameworks: list[str] | None) -> tuple[Gate, ...]:
    """Return every gate that names a figure and can both pass and fail. `frameworks` is None if they aren't known."""
    node = reading.shaped.table.get("gates")
    read: list[Gate] = []
    for metric, condition in node if isinstance(node, Table) else ():
        if reading.enough:
            break
        if metric.startswith(OF_SWEEP) and reading.values.sweep is not None:
            continue
        if not isinstance(condition, Scalar) or not isinstance(condition.value, str):
            found = named(plain(condition))
            message = f"gates.{metric}: expected a comparison such as '>= 0.5', found {found}"
            number = isinstance(condition, Scalar) and type(condition.value) in (int, Decimal)
            hint = f"write '>= {plain(condition)}', in quotes" if number else ""
            place = reading.place("gates", metric)
            reading.problems.append(place.problem(message, hint))
            continue
        place = condition.place
        try:
            gate = parse_gate(f"{metric} {condition.value}")
        except ValueError as error:
            reading.problems.append(place.problem(str(error)))
            continue
        known = frameworks if frameworks is not None else list(reading.settings)
        wrong = gate_problem(gate, strategies, known, reading.values.benchmark or "")
        if wrong:
            names_nothing = "names no metric" in wrong[0] or "in this run" in wrong[0]
            reading.problems.append((reading.key("gates", metric) if names_nothing else place).problem(*wrong))
        else:
            read.append(gate)
    return tuple(read)
