"""The section on the layers of an encoder, on the page Results."""

from __future__ import annotations

import pytest

from ser_core.evaluation import Interval
from ser_core.inference import encoder_layers_job
from ser_core.inference.layer_curve import LayerCurve, Point, root
from ser_core.jobs import State, jobs
from ser_core.plots.encoder_layers import BEST, layers_figure, print_layers
from tests.features.encoders.conftest import make_encoder  # noqa: F401  (a fixture)

TAB = "Layers of an encoder"


def curve(*, badge=""):
    points = tuple(
        Point(name, enrolled, Interval("uar", value + 0.1 * enrolled, value - 0.05, value + 0.2,
              method="jackknife t", over="speakers", units=9), (0.01,) * 9)
        for name, value in (("0", 0.3), ("1", 0.6), ("2", 0.5), ("all", 0.55), ("chosen", 0.58))
        for enrolled in (False, True)
    )  # fmt: skip
    about = {
        "encoder": "tiny", "layers": 2, "corpus": "nEMO", "clips": 120, "speakers": 9,
        "classes": ["anger", "neutral"], "badge": badge,
    }  # fmt: skip
    return LayerCurve(about, {"split": "leave-one-speaker-out"}, points, {"a": "1"})


def test_without_a_result_it_says_what_to_do(visit, said):
    app = visit("results", results=TAB)
    assert "No layers have been compared yet" in said(app)
    assert next(b for b in app.button if b.label == "Start job").disabled


def test_a_result_is_shown_with_what_to_think_of_the_best_layer(visit, said, ser_home):
    curve().save(root() / "0123456789abcdef")
    app = visit("results", results=TAB)
    words = said(app)
    assert "not enrolled: best here layer 1, 0.600 (0.550 to 0.800)" in words
    assert "chosen by the training speakers alone: 0.580" in words
    assert "optimistic" in words
    assert len(app.get("plotly_chart")) == 1


def test_a_job_is_started_with_the_folder_that_was_typed(
    visit, said, monkeypatch, make_encoder  # noqa: F811
):  # fmt: skip
    orders = []
    monkeypatch.setattr(encoder_layers_job, "enqueue", lambda given: orders.extend(given) or [1])
    folder = str(make_encoder("whisper"))
    app = visit("results", results=TAB)
    app.text_input(key="layers-encoder").set_value(folder).run()
    next(b for b in app.button if b.label == "Start job").click().run()
    assert not app.exception
    (order,) = orders
    assert order.command[order.command.index("--encoder") + 1] == folder
    assert order.key.startswith(encoder_layers_job.KEY)
    app.text_input(key="layers-encoder").set_value("/nowhere").run()
    next(b for b in app.button if b.label == "Start job").click().run()
    assert "there is no such folder" in said(app)


@pytest.mark.parametrize("badge", ["", "speakers shared"])
def test_the_picture_shows_both_lines_with_intervals_and_the_best(badge):
    figure = layers_figure(curve(badge=badge))
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [trace.name for trace in lines] == ["not enrolled", "enrolled"]
    assert lines[0].y == (0.3, 0.6, 0.5)
    assert lines[1].error_y.array[0] == pytest.approx(0.1)
    assert lines[1].error_y.arrayminus[0] == pytest.approx(0.15)
    stars = [trace for trace in figure.data if trace.name == BEST]
    assert [trace.y for trace in stars] == [(0.6,), (0.7,)]
    assert list(figure.layout.xaxis.ticktext) == ["0", "1", "2", "all<br>layers",
                                                 "chosen<br>(nested)"]  # fmt: skip
    assert print_layers(curve(badge=badge), "svg").startswith(b"<?xml")


def test_the_command_of_a_job_is_one_that_the_command_line_has(make_encoder, tmp_path):  # noqa: F811
    from typer.main import get_command

    from ser_core.cli import app
    from ser_core.inference.encoder_layers import Plan

    plan = Plan(encoder=make_encoder("whisper"), corpus=tmp_path, grid=(0.1,), together=False)
    words = encoder_layers_job.line(plan)[3:]
    command = get_command(app)
    for name in words[:2]:
        command = command.commands[name]
    context = command.make_context("layers", words[2:])
    assert context.params["encoder"] == plan.encoder
    assert context.params["c"] == [0.1]
    assert context.params["together"] is False


def test_a_job_that_fails_says_why(visit, said, tmp_path, ser_home, make_encoder):  # noqa: F811
    from ser_core.inference.encoder_layers import Plan

    plan = Plan(encoder=make_encoder("whisper"), corpus=tmp_path / "gone")
    job = encoder_layers_job.launch(plan)
    assert job.title == f"Layers of {plan.encoder.name}"
    assert job.wait(120) is State.FAILED
    assert encoder_layers_job.launched()[0].id == jobs()[0].id
    assert "gone" in said(visit("results", results=TAB))
