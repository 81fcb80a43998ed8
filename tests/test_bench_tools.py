"""What `bench/` says of its numbers: verdicts, notes, documentation, instructions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import instructions  # noqa: E402
import report  # noqa: E402
import table  # noqa: E402
from machine import Result, Stop  # noqa: E402

LATENCY = table.Metric("us", "one way", "us", peer=0.4)
RATE = table.Metric("rate", "rate", "/s", peer=3, floor=0.8, more_is_better=True)


@pytest.mark.parametrize(
    ("metric", "ours", "peer", "floor", "verdict"),
    [
        (LATENCY, 4.0, 10.0, None, "reached"),
        (LATENCY, 4.1, 10.0, None, "missed"),
        (LATENCY, 10.1, 10.0, None, "WORSE THAN PEER"),
        (LATENCY, None, 10.0, None, ""),
        (LATENCY, 4.0, None, None, ""),
        (RATE, 30.0, 10.0, 30.0, "reached"),
        (RATE, 30.0, 10.0, 40.0, "missed"),
        (RATE, 9.0, 10.0, 10.0, "WORSE THAN PEER"),
    ],
)
def test_the_verdict_compares_with_each_aim(metric, ours, peer, floor, verdict):
    assert report.judge(metric, ours, peer, floor) == verdict


def test_every_row_has_a_name_of_its_own_and_every_line_that_is_named_exists():
    names = [case.name for case in table.all_cases()]
    assert len(names) == len(set(names))
    keys = {f"{case.name}:{metric.key}" for case in table.all_cases() for metric in case.metrics}
    assert set(table.HEADLINES) <= keys
    assert {name for growth in table.GROWTHS for name in (growth.few, growth.many)} <= set(names)
    report.read_notes()


def test_a_note_about_a_line_that_does_not_exist_is_refused(monkeypatch, tmp_path):
    (tmp_path / "notes.toml").write_text('"no-such-row:rate" = "why"\n')
    monkeypatch.setattr(report, "HERE", tmp_path)
    with pytest.raises(Stop, match="no-such-row:rate"):
        report.read_notes()


def test_the_documentation_is_filled_in_between_its_marks(tmp_path):
    page = tmp_path / "page.rst"
    page.write_text("before\n.. measured: from here\n\nold\n\n.. measured: to here\nafter\n")
    assert report.filled(page, "measured", "new") == (
        "before\n.. measured: from here\n\nnew\n\n.. measured: to here\nafter\n"
    )
    with pytest.raises(Stop, match="shown: from here"):
        report.filled(page, "shown", "new")


def test_the_documentation_and_the_readme_have_their_marks():
    for path, part in (
        (report.FIGURES, "measured"),
        (report.FIGURES, "shown"),
        (report.README, "measured"),
    ):
        assert "new" in report.filled(path, part, "new")


def test_medians_make_the_table_and_failures_are_told_in_it():
    case = next(case for case in table.all_cases() if case.name == "stream-tcp-64")
    result = Result(case)
    result.numbers["ours"]["rate"] = [1e6, 9e6, 8e6]
    result.numbers["peer"]["rate"] = [2e6]
    result.errors["floor"].append("crashed: SIGSEGV")
    rate = report.lines_of(result)[0]
    assert (rate.ours, rate.peer, rate.ratio) == ("8 M/s", "2 M/s", "4.00")
    assert rate.floor == "crashed: SIGSEGV"
    assert rate.spread.startswith("1..9 M/s")


PROFILE = """\
fn=(1) main
cfn=(2) zmq_send
calls=3 0
10 300
cfn=(3) zmq_recv
calls=3 0
11 60

fn=(2)
12 100
cfn=(2)
calls=1 0
13 50
cfn=(4) memcpy
calls=3 0
13 20
fn=(5) loop_main
14 90
summary: 1000
"""


def test_instructions_are_those_of_the_calls_of_the_program_with_all_that_they_call():
    assert instructions.spent(PROFILE) == {"send": 300, "receive": 60, "all": 1000}


@pytest.mark.parametrize(("now", "names"), [(110, []), (111, ["send"])])
def test_a_count_has_grown_when_it_is_more_than_a_tenth_above_the_baseline(now, names):
    assert instructions.grown({"send": now, "new": 5}, {"send": 100}) == names
