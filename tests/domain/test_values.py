"""Values are frozen dataclasses in all that a user can see of them."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from orchestrate.domain.values import value


@value
class Point:
    x: float
    y: float = 0.0
    tags: dict[str, int] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("left of everything")


@value
class Named(Point):
    name: str = ""


@dataclass(frozen=True, slots=True)
class Plain:
    x: float
    y: float = 0.0


def test_a_value_is_filled_by_place_by_name_and_by_default() -> None:
    assert (Point(1).x, Point(1).y, Point(1, y=2).y, Point(x=3).x) == (1, 0.0, 2.0, 3)
    assert Point(1).tags == {}
    assert Point(1).tags is not Point(1).tags
    assert Named(1, 2, {}, "a").name == "a"
    with pytest.raises(TypeError, match="x"):
        Point()  # type: ignore[call-arg]  # that is tested
    with pytest.raises(TypeError, match="z"):
        Point(1, z=2)  # type: ignore[call-arg]  # that is tested


class Far(Point):
    """A user's class, with room for attributes."""


class Near(Point):
    __slots__ = ()

    def distance(self) -> float:
        return self.x + self.y


def test_a_subclass_of_ones_own_stays_what_it_is() -> None:
    assert type(Far(1)) is Far
    assert type(Near(1)) is Near
    assert Near(1, 2).distance() == 3.0
    assert (repr(Far(1)), Far(1) == Far(1), Far(1) == Point(1)) == ("Far(x=1, y=0.0, tags={})", True, False)
    for one in (Far(1), Near(1)):
        with pytest.raises(FrozenInstanceError):
            one.x = 5  # type: ignore[misc]  # that is tested
    assert Far.__subclasses__() == []


@pytest.mark.parametrize("kind", [Point, Far, Near, Named])
def test_post_init_checks(kind: type[Point]) -> None:
    with pytest.raises(ValueError, match="left of everything"):
        kind(-1)


@pytest.mark.parametrize("instance", [Point(1, 2), Named(1, 2, {}, "a"), pickle.loads(pickle.dumps(Point(1, 2)))])
def test_nothing_of_it_can_be_changed(instance: Point) -> None:
    with pytest.raises(FrozenInstanceError):
        instance.x = 5  # type: ignore[misc]  # that is tested
    with pytest.raises(FrozenInstanceError):
        del instance.y
    with pytest.raises((FrozenInstanceError, TypeError)):
        instance.colour = "red"  # type: ignore[attr-defined]  # that is tested
    assert not hasattr(instance, "__dict__")
    assert (instance.x, instance.y) == (1, 2.0)


def test_equality_hash_text_and_copies_are_those_of_a_dataclass() -> None:
    point = Point(1, 2)
    assert type(point) is Point
    assert point == Point(1, 2.0) != Point(1, 3)
    assert hash(point) == hash(Point(1, 2.0))
    assert point != Named(1, 2)
    assert repr(point) == "Point(x=1, y=2, tags={})"
    assert replace(point, x=4) == Point(4, 2)
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
    assert [one.name for one in fields(Point)] == ["x", "y", "tags"]
    assert Plain.__match_args__ == Point.__match_args__[:2]


def test_its_signature_can_be_read() -> None:
    assert list(inspect.signature(Point).parameters) == ["x", "y", "tags"]
    assert inspect.signature(Point).parameters["y"].default == 0.0
    assert Point.__init__.__qualname__ == "Point.__init__"


@value
class Oddly:
    sealed: int
    unsealed: int = 2
    nothing: list[int] = field(default_factory=list)
    become: int = 3
    new_nothing: int = 4
    names: str = "5"


def test_fields_may_have_any_name() -> None:
    assert repr(Oddly(1)) == "Oddly(sealed=1, unsealed=2, nothing=[], become=3, new_nothing=4, names='5')"
    with pytest.raises(FrozenInstanceError):
        Oddly(1).become = 5  # type: ignore[misc]  # that is tested


@pytest.mark.parametrize("one", [field(default=1, kw_only=True), field(default=1, init=False)])
def test_a_field_that_is_not_simply_given_is_refused(one: int) -> None:
    with pytest.raises(TypeError, match=r"Half\.given: fields of a value are given by place or by name"):

        @value
        class Half:
            given: int = one
