"""`depends_on`: which strategy is called after which."""

from __future__ import annotations

from orchestrate.config.reading import Reading
from orchestrate.domain.text.spelling import did_you_mean


def dependencies_of(reading: Reading, name: str, enabled: list[str]) -> tuple[str, ...]:
    """Return the entry's `depends_on`, each one checked on its own."""
    written = reading.values.strategies[name].depends_on
    seen: set[str] = set()
    for index, other in enumerate(written):
        path = ("strategies", name, "depends_on", index)
        twice = other in seen
        seen.add(other)
        if reading.enough:
            break
        if other == name:
            reading.wrong(path, "a strategy can't depend on itself")
        elif twice:
            reading.wrong(path, f"'{other}' is named twice")
        elif other in reading.values.strategies and reading.values.strategies[other].enabled:
            continue
        elif other in reading.values.strategies:
            reading.wrong(path, f"'{other}' is disabled", "enable it, or leave it out here")
        else:
            reading.wrong(path, f"no strategy '{other}'", did_you_mean(other, enabled))
    return tuple(written)


def refuse_circles(reading: Reading, enabled: list[str]) -> None:
    """Refuse circles of `depends_on`; each is reported once, at its first strategy in the file."""
    waits = {
        name: [other for other in reading.values.strategies[name].depends_on if other in reading.values.strategies]
        for name in enabled
    }
    waits = {name: [other for other in others if other in waits and other != name] for name, others in waits.items()}
    while waits := _unready(waits):
        circle = _circle(waits)
        start = min(range(len(circle)), key=lambda at: enabled.index(circle[at]))
        circle = circle[start:] + circle[:start]
        chain = " → ".join([*circle, circle[0]])
        path = ("strategies", circle[0], "depends_on")
        reading.wrong(path, f"is circular: {chain}", "remove one of these links")
        waits = {name: others for name, others in waits.items() if name not in circle}


def _unready(waits: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return those whose turn never comes: they wait for each other, or for one that does."""
    waiting = {name: sum(other in waits for other in others) for name, others in waits.items()}
    followers: dict[str, list[str]] = {name: [] for name in waits}
    for name, others in waits.items():
        for other in others:
            if other in followers:
                followers[other].append(name)
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:
        for follower in followers[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return {name: waits[name] for name, count in waiting.items() if count}


def _circle(waits: dict[str, list[str]]) -> list[str]:
    """Return one circle among strategies of which each waits for another one of them."""
    trail: dict[str, None] = {}
    name = next(iter(waits))
    while name not in trail:
        trail[name] = None
        name = next(other for other in waits[name] if other in waits)
    walked = list(trail)
    return walked[walked.index(name) :]
