"""The ledger: events in, columns out."""

from __future__ import annotations

from typing import Any

from labs.curves import HELD_OUT, POINT, Ledger, rows, thinned


def point(step: int, loss: float = 1.0) -> dict[str, Any]:
    return {
        "kind": "point",
        "step": step,
        "tokens": step,
        "seconds": step / 10,
        "loss": loss,
        "rate": 1,
        "grad_norm": 1,
    }


def held_out(step: int, loss: float = 1.0) -> dict[str, Any]:
    names = dict.fromkeys(HELD_OUT, loss)
    return {"kind": "held_out"} | names | {"step": step, "windows": 4}


def sample(step: int, text: str, prompt: str = "The ") -> dict[str, Any]:
    return {"kind": "sample", "step": step, "prompt": prompt, "text": text}


def test_points_become_columns() -> None:
    ledger = Ledger()
    ledger.add([point(1, 4.5), point(2, 4.0), held_out(2, 3.9)])
    assert list(rows(ledger.curve)) == [(1, 1, 0.1, 4.5, 1, 1), (2, 2, 0.2, 4.0, 1, 1)]
    assert (ledger.step, ledger.held_out) == (2, 3.9)


def test_a_repeated_step_is_replaced_and_order_is_kept() -> None:
    ledger = Ledger()
    ledger.add([point(1), point(3), point(3, 9.0), point(2, 5.0)])
    assert ledger.curve["step"] == [1, 2, 3]
    assert ledger.curve["loss"] == [1.0, 5.0, 9.0]
    assert all(len(ledger.curve[name]) == 3 for name in POINT)


def test_a_sample_of_the_same_step_and_prompt_is_replaced() -> None:
    ledger = Ledger()
    ledger.add([sample(10, "a"), sample(10, "b"), sample(10, "c", "def ")])
    assert [item["text"] for item in ledger.samples] == ["b", "c"]


def test_a_resumed_run_forgets_what_came_after_its_checkpoint() -> None:
    ledger = Ledger()
    ledger.add([point(n) for n in range(1, 8)] + [held_out(3), held_out(6), sample(3, "a"), sample(6, "b")])
    ledger.add([{"kind": "started", "step": 4, "steps": 9}])
    assert ledger.curve["step"] == [1, 2, 3, 4]
    assert ledger.curve["held_out"]["step"] == [3]
    assert [item["step"] for item in ledger.samples] == [3]
    assert ledger.info["started"] == {"step": 4, "steps": 9}


def test_a_stored_ledger_is_a_copy() -> None:
    ledger = Ledger()
    ledger.add([point(1)])
    copied = Ledger.stored(ledger.curve, ledger.samples, ledger.info)
    copied.add([point(2), {"kind": "baseline", "order": 3, "loss": 1.5, "bits_per_byte": 2.0}])
    assert ledger.step == 1
    assert ledger.info == {}
    assert copied.info["baseline"] == {"order": 3, "loss": 1.5, "bits_per_byte": 2.0}


def test_an_empty_row_is_a_fresh_ledger() -> None:
    assert Ledger.stored({}, [], {}).columns()["step"] == 0


def test_a_spark_keeps_first_and_last_of_a_long_curve() -> None:
    short, long = [3.0, 2.0, 1.0], [float(n) for n in range(1000)]
    assert thinned(short) == short
    assert len(thinned(long)) == 24
    assert (thinned(long)[0], thinned(long)[-1]) == (0.0, 999.0)
