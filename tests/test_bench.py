"""`python -m zcffi bench`: what it measures is there, what fails is told, the plot has it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from zcffi import __main__, _bench, _bench_plot, _bench_rows

SVG = "{http://www.w3.org/2000/svg}"
SHORT = 0.01  # seconds of a measurement


@pytest.fixture
def crew():
    made = _bench.Crew("zcffi")
    yield made
    made.close()


@pytest.mark.parametrize("row", _bench_rows.ROWS)
def test_each_row_gives_a_figure(crew, folder, row):
    found = crew.play(_bench_rows.Task(row, 64, SHORT, str(folder)))
    assert found.reason == ""
    assert found.value > 0


def test_what_fails_is_told_and_ends(crew, folder):
    found = crew.play(_bench_rows.Task("no such row", 64, SHORT, str(folder)))
    assert found.failed
    assert "no such row" in found.reason


def test_a_process_that_dies_is_told(crew, folder):
    crew.ends[0].kill()
    crew.ends[0].join()
    found = crew.play(_bench_rows.Task("latency", 64, SHORT, str(folder)))
    assert (found.failed, found.reason) == (True, "a process died")


def test_the_command_compares_and_writes_what_it_found(monkeypatch, capsys, tmp_path):
    pytest.importorskip("zmq")
    plan = _bench.Plan((("latency", 64), ("rate", 1024), ("poll", 0)), rounds=2, seconds=SHORT)
    monkeypatch.setattr(_bench.Plan, "make", lambda quick: plan)
    assert __main__.main(["bench", "--against", "pyzmq", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "PUSH-PULL tcp, 1 KiB" in told.out
    assert "poll(0): zcffi " in told.err  # while it works
    saved = json.loads((tmp_path / "zcffi-bench.json").read_text())
    assert [row["row"] for row in saved["rows"]] == ["latency", "rate", "poll"]
    for row in saved["rows"]:
        assert {name: len(one["values"]) for name, one in row["libraries"].items()} == {
            "zcffi": 2,
            "pyzmq": 2,
        }
    assert ET.parse(tmp_path / "zcffi-bench.svg").getroot().tag == f"{SVG}svg"


@pytest.mark.parametrize("name", ["nonsense", "pyzmq,nonsense"])
def test_a_library_that_it_does_not_know_is_refused(capsys, name):
    assert __main__.main(["bench", "--against", name]) == 2
    assert "pyzmq, pynng, pyomq" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("row", "ours", "theirs", "faster"),
    [("latency", 2.0, 8.0, 4.0), ("rate", 8.0, 2.0, 4.0), ("rate", 2.0, 8.0, 0.25)],
)
def test_faster_means_less_time_or_more_messages(row, ours, theirs, faster):
    measured = [_bench.Measured([value]) for value in (ours, theirs)]
    assert _bench.times_as_fast((row, 64), *measured) == faster


def test_nothing_is_compared_with_what_could_not_be_measured():
    nothing = _bench.Measured(reason="no poll")
    assert _bench.times_as_fast(("poll", 0), _bench.Measured([1.0]), nothing) is None
    assert _bench.cell(("poll", 0), nothing) == "no poll"


def test_the_plot_has_a_curve_for_each_library_that_goes_where_the_figures_go():
    curves = {"zcffi": [(64.0, 1.0), (1024.0, 100.0)], "<peer>": [(64.0, 10.0), (1024.0, 10.0)]}
    root = ET.fromstring(_bench_plot.draw([_bench_plot.Panel("Latency", "µs", curves)], "here"))
    points = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"zcffi", "<peer>", "Latency", "here"} <= set(texts)
    (x1, y1), (x2, y2), (_, flat1), (_, flat2) = points
    assert x1 < x2
    assert y1 > flat1 == flat2 > y2  # down is up
    assert flat1 - y2 == pytest.approx(y1 - flat1)  # a factor is a distance
