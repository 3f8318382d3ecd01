from __future__ import annotations

import dataclasses
import math
from typing import Any, get_type_hints

import pytest

from trainer.curve import Curve
from trainer.events import KINDS, Baseline, Evaluation, Event, HeldOut, Layers, Point, Sample, parse

VALUES: dict[Any, Any] = {
    int: 3,
    int | None: None,
    float: 0.1 + 0.2,
    float | None: None,
    str: 'a "b"\n中🙂',
    dict[str, float]: {"accuracy": 1 / 3},
    dict[str, dict[str, float]]: {"accuracy": {"value": 1 / 3, "low": 0.1, "high": 0.9, "n": 3}},
    dict[str, Any]: {"loss": None, "step": 4},
}


def example(cls: type[Event]) -> Event:
    hints = get_type_hints(cls)
    return cls(**{field.name: VALUES[hints[field.name]] for field in dataclasses.fields(cls)})


@pytest.mark.parametrize("cls", KINDS.values(), ids=KINDS.keys())
def test_every_event_comes_back_from_its_line(cls: type[Event]) -> None:
    event = example(cls)
    line = event.to_json()
    assert "\n" not in line
    assert parse(line) == event


@pytest.mark.parametrize("line", ["{}", "[]", "1", '{"kind":"point"}', '{"kind":"moved"}', "not json", '{"kind":[]}'])
def test_anything_else_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(line)


def test_a_number_that_json_does_not_know_is_refused() -> None:
    event = Point(step=1, tokens=1, seconds=0.0, loss=math.nan, rate=0.1, grad_norm=1.0)
    with pytest.raises(ValueError, match="JSON"):
        event.to_json()


def test_a_curve_keeps_every_event_exactly() -> None:
    curve = Curve(64)
    points = [
        Point(step=i, tokens=64 * i, seconds=i / 3, loss=4 / i, rate=0.1 / i, grad_norm=1 / 7) for i in range(1, 9)
    ]
    others = [example(cls) for cls in (Baseline, HeldOut, Layers, Sample, Sample, Evaluation)]
    for event in [*points, *others]:
        curve.add(event)
    again = Curve.from_dict(curve.to_dict())
    assert again.events() == curve.events() == [*points, *others]
