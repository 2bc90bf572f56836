"""`sweep:`: what varies, how points are chosen, and what the best one is."""

from __future__ import annotations

from collections.abc import Sequence as Ordered

from orchestrate.analytics.gates import gate_problem, path_problem
from orchestrate.config.document.nodes import Node, Scalar, Sequence, Table, floats, named, plain
from orchestrate.config.parameters import Checks, Descriptions, Mistakes, axes, strategy_parameter
from orchestrate.config.reading import Reading
from orchestrate.config.schema import SweepSection
from orchestrate.config.sections.execution import OF_SWEEP
from orchestrate.domain.gates import parse_gate, split_metric
from orchestrate.domain.plan import BaselineGate, Gate
from orchestrate.domain.results import Finding
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS
from orchestrate.domain.strategies.relations import Relation, parse_relation
from orchestrate.domain.sweeps import FIGURES, OUT_OF_SAMPLE, Axis, Objective, Span, SweepPlan, WalkForwardPlan
from orchestrate.domain.text.spelling import did_you_mean

_DIRECTIONS = {"maximize": True, "minimize": False}


def sweep_plan(reading: Reading, tree: Table, descriptions: Descriptions, mistakes: Mistakes) -> SweepPlan:
    """Return the section with every question answered; `mistakes` returns those of the file with a value changed.

    `tree` is the file as written. What is wrong goes to the reading's problems.
    """
    written = reading.values.sweep
    assert written is not None
    checks = Checks(reading, tree.without("sweep"), descriptions, mistakes)
    varied = axes(checks, reading.choices.samplers[written.method])
    executor, workers, address = _workers(reading, written)
    _note_ignored(reading, written)
    if written.each == "strategy":
        _refuse_shared(reading, varied)
    return SweepPlan(
        axes=varied,
        where=_relations(reading, written, varied),
        method=written.method,
        trials=written.trials,
        seed=written.seed,
        objectives=_objectives(reading, written, list(descriptions)),
        require=_requirements(reading, written, list(descriptions)),
        gates=_gates(reading, walks=written.walk_forward is not None),
        each=written.each,
        select=written.select,
        walk_forward=_walk_forward(reading, written, varied, descriptions),
        batch=written.batch,
        executor=executor,
        workers=workers,
        address=address,
    )


def _gates(reading: Reading, *, walks: bool) -> tuple[Gate, ...]:
    """Return the gates of the file that judge the sweep, such as `sweep.pbo <= 0.2`."""
    node = reading.shaped.table.get("gates")
    read: list[Gate] = []
    for metric, condition in node if isinstance(node, Table) else ():
        if not metric.startswith(OF_SWEEP):
            continue
        try:
            gate = parse_gate(f"{metric} {plain(condition)}")
        except ValueError as error:
            reading.problems.append(condition.place.problem(str(error)))
            continue
        wrong = sweep_gate_problem(gate, walks=walks)
        if wrong:
            reading.problems.append(reading.key("gates", metric).problem(*wrong))
        else:
            read.append(gate)
    return tuple(read)


def sweep_gate_problem(gate: Gate, *, walks: bool) -> tuple[str, str] | None:
    """Return why a gate can't judge a sweep, and a hint; None where it can. `walks`: it has a walk-forward."""
    name = gate.metric.removeprefix(OF_SWEEP)
    outside = name.removeprefix(OUT_OF_SAMPLE)
    wrong: tuple[str, str] | None = None
    if isinstance(gate, BaselineGate):
        wrong = "a sweep has no baseline", "compare with a number"
    elif outside != name and not walks:
        wrong = "nothing is out of sample", "write sweep: {walk_forward: {train: 3y, test: 1y}}"
    elif outside != name:
        wrong = path_problem(outside, (), ())
    elif name not in FIGURES:
        known = [f"{OF_SWEEP}{one}" for one in (*FIGURES, f"{OUT_OF_SAMPLE}sharpe")]
        hint = did_you_mean(gate.metric, known) or f"known: {', '.join(known)}"
        wrong = f"'{gate.metric}' is no figure of a sweep", hint
    return None if wrong is None else (f"gate '{gate}': {wrong[0]}", wrong[1])


def _note_ignored(reading: Reading, written: SweepSection) -> None:
    if written.method == "grid" and "trials" in written.model_fields_set:
        reading.notes.append(Finding("info", "sweep.trials", "a grid evaluates every point; it is ignored"))


def _refuse_shared(reading: Reading, varied: Ordered[Axis]) -> None:
    for axis in varied:
        if reading.shaped.mode == "multi" and axis.path[0] != "strategies":
            message = "with each: strategy, every parameter belongs to a strategy"
            place = reading.key("sweep", "parameters", axis.name)
            reading.problems.append(place.problem(f"sweep.parameters.{axis.name}: {message}", "use each: portfolio"))


def _relations(reading: Reading, written: SweepSection, varied: Ordered[Axis]) -> tuple[Relation, ...]:
    read: list[Relation] = []
    names = [axis.name for axis in varied]
    for number, text in enumerate(written.where):
        path = ("sweep", "where", number)
        try:
            relation = parse_relation(text, dotted=True)
        except ValueError as error:
            reading.wrong(path, str(error))
            continue
        unknown = next((name for name in relation.names if name not in names), "")
        if unknown and len(names) == len(written.parameters):
            hint = did_you_mean(unknown, names) or f"it varies {', '.join(names)}"
            reading.wrong(path, f"'{unknown}' is no parameter of this sweep", hint)
        elif written.each == "strategy" and len({name.partition(".")[0] for name in relation.names}) > 1:
            reading.wrong(path, "with each: strategy, a relation is between parameters of one strategy")
        elif not unknown and (wrong := _incomparable(relation, varied)):
            reading.wrong(path, f"{text} can't be decided: {wrong}")
        else:
            read.append(relation)
    return tuple(read)


def _incomparable(relation: Relation, varied: Ordered[Axis]) -> str:
    """Return why the relation has no answer for the first values; "" where it has one."""
    try:
        relation.holds({axis.name: axis.bounds[0] if axis.bounds else axis.values[0] for axis in varied})
    except TypeError as error:
        return str(error)
    except ArithmeticError:
        return ""
    return ""


def _objectives(reading: Reading, written: SweepSection, strategies: list[str]) -> tuple[Objective, ...]:
    section = reading.shaped.table.entries["sweep"]
    node = section.get("objective") if isinstance(section, Table) else None
    if node is None:
        return (Objective("sharpe"),)
    nodes = node.items if isinstance(node, Sequence) else (node,)
    if not nodes:
        reading.wrong(("sweep", "objective"), "is empty", "write objective: sharpe")
    if len(nodes) > 1 and written.each == "strategy":
        reading.wrong(("sweep", "objective"), "several objectives have no best set for each strategy", "name one")
    found = [_objective(reading, one, strategies, written.each) for one in nodes]
    return tuple(one for one in found if one is not None)


def _objective(reading: Reading, node: Node, strategies: list[str], each: str) -> Objective | None:
    metric, maximize = node, True
    if isinstance(node, Table) and len(node.entries) == 1 and (key := next(iter(node.entries))) in _DIRECTIONS:
        metric, maximize = node.entries[key], _DIRECTIONS[key]
    if not isinstance(metric, Scalar) or not isinstance(metric.value, str):
        message = f"sweep.objective: expected a metric, found {named(plain(node))}"
        hint = "write sharpe, {maximize: sharpe} or {minimize: volatility}"
        reading.problems.append(node.place.problem(message, hint))
        return None
    name = metric.value
    wrong = _unmeasured(name, strategies, each)
    if wrong:
        reading.problems.append(metric.place.problem(f"sweep.objective: {wrong[0]}", wrong[1]))
        return None
    return Objective(name, maximize)


def _unmeasured(metric: str, strategies: list[str], each: str) -> tuple[str, str] | None:
    """Return why a trial has no such figure, and a hint; None where it has one."""
    group, _, _ = split_metric(metric)
    if group in ("frameworks", "correlation"):
        return f"'{metric}' is no figure of a trial", "write METRIC or strategies.ID.METRIC"
    if each == "strategy" and "." in metric:
        return "with each: strategy, it is a metric of every strategy", f"write {metric.rpartition('.')[2]}"
    return path_problem(metric, strategies, ())


def _requirements(reading: Reading, written: SweepSection, strategies: list[str]) -> tuple[Gate, ...]:
    read: list[Gate] = []
    for number, text in enumerate(written.require):
        path = ("sweep", "require", number)
        try:
            gate = parse_gate(text)
        except ValueError as error:
            reading.wrong(path, str(error))
            continue
        wrong = _unmeasured(gate.metric, strategies, written.each)
        wrong = wrong or gate_problem(gate, strategies, (), reading.values.benchmark or "")
        if isinstance(gate, BaselineGate):
            wrong = "a sweep has no baseline", "compare with a number"
        if wrong:
            reading.wrong(path, *wrong)
        else:
            read.append(gate)
    return tuple(read)


def _walk_forward(
    reading: Reading, written: SweepSection, varied: Ordered[Axis], descriptions: Descriptions
) -> WalkForwardPlan | None:
    windows = written.walk_forward
    if windows is None:
        return None
    if reading.values.portfolio.schedule:
        message = "a walk-forward adds strategies at each test's first bar: there can be no other schedule"
        reading.wrong(("portfolio", "schedule"), message, "leave out the schedule")
    if windows.positions == "carry":
        _refuse_changes(reading, varied, descriptions)
    step, embargo = windows.step or windows.test, windows.embargo or ""
    if Span.of(step).is_shorter(Span.of(windows.test)):
        message = f"tests of {windows.test} overlap with a step of {step}"
        reading.wrong(("sweep", "walk_forward", "step"), message, f"write step: {windows.test}")
    return WalkForwardPlan(windows.train, windows.test, step, windows.anchored, embargo, windows.positions)


def _refuse_changes(reading: Reading, varied: Ordered[Axis], descriptions: Descriptions) -> None:
    """Report what can't change in one run that carries positions through all tests."""
    path, way_out = ("sweep", "walk_forward", "positions"), "write positions: flatten"
    only = next(iter(descriptions)) if reading.shaped.mode == "single" and descriptions else ""
    foreign = next((axis.name for axis in varied if strategy_parameter(axis.path, only) is None), "")
    native = next((name for name, one in descriptions.items() if one.kind not in PORTABLE_KINDS), "")
    if foreign:
        message = f"positions are carried by one run, in which {foreign} can't change"
        reading.wrong(path, message, f"{way_out}, or vary parameters of strategies")
    if native:
        reading.wrong(path, f"positions are carried by one run, in which the native {native} can't change", way_out)


def _workers(reading: Reading, written: SweepSection) -> tuple[str, int, str]:
    """Return the executor, how many workers it has (0: one a core), and the address of a cluster."""
    value, path = floats(written.workers), ("sweep", "workers")
    name, count = "local", value
    if isinstance(value, dict):
        name, count = next(iter(value.items()), ("", "auto"))
        if len(value) != 1 or name not in reading.choices.executors:
            known = " or ".join(f"{{{one}: auto}}" for one in reading.choices.executors if one != "local")
            reading.wrong(path, "expected a number, auto, or one executor", f"write 4, auto or {known}")
            return "local", 0, ""
    if isinstance(count, str) and count != "auto" and name != "local":
        return name, 0, count
    if count != "auto" and (not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 1024):
        reading.wrong(path, f"expected auto or a number from 1 to 1024, found {named(written.workers)}")
        return "local", 0, ""
    return name, 0 if count == "auto" else int(str(count)), ""
