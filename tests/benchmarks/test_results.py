"""The arithmetic of a benchmark's result and the file it is written to."""

import json
from pathlib import Path

from benchmarks.results import Result, measured, save, skipped, table


def _result(**options) -> Result:
    return measured("intake", "orders/s", [90.0, 110.0, 100.0], floors=[190.0, 210.0, 200.0], conditions={}, **options)


def test_median_ratio_and_spread() -> None:
    result = _result(at_least=0.5)
    assert (result.value, result.floor, result.ratio) == (100.0, 200.0, 0.5)
    assert (result.spread, result.floor_spread, result.rounds) == ((90.0, 110.0), (190.0, 210.0), 3)
    assert result.met is True


def test_a_missed_target_is_said() -> None:
    result = _result(at_least=0.6)
    assert result.met is False
    assert "MISSED" in table([result])


def test_without_a_floor_the_value_is_judged() -> None:
    result = measured("memory", "MB", [510.0], at_most=500, conditions={})
    assert (result.ratio, result.met) == (None, False)


def test_results_of_other_runs_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    save([_result(), skipped("import", "rows/s", "no file")], path)
    save([measured("intake", "orders/s", [7.0], conditions={})], path)

    entries = {entry["name"]: entry for entry in json.loads(path.read_text())}
    assert list(entries) == ["intake", "import"]
    assert (entries["intake"]["value"], entries["import"]["skipped"]) == (7.0, "no file")
