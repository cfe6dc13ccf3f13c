"""Slices on the page Results: the verdict, the table, and the way to the clips."""

from ser_core.evaluation import slices
from tests.runs.made import made_run


def test_slices_of_a_small_run_say_what_was_tested(visit, said, ser_home):
    run = made_run(ser_home)
    app = visit("results", run=run.id, tab="Slices")
    assert not app.exception
    assert "1 slice were tested" not in said(app)
    table = next(each.value for each in app.dataframe if "p_holm" in each.value)
    assert set(table["by"]) == {"gender"}
    assert "were not tested" in said(app)


def test_a_speaker_on_whom_it_is_worse_is_named(visit, said, ser_home, monkeypatch):
    from pages.results import slices as view

    monkeypatch.setattr(view, "compared", lambda answers, about: slices(answers, about, least=4))
    run = made_run(ser_home, wrong_speaker="WR0")
    app = visit("results", run=run.id, tab="Slices")
    assert "Surely worse than the rest on 1 slice" in said(app)
    assert "speaker WR0" in said(app)
    links = [link.proto.label for link in app.get("page_link")]
    assert "Listen to speaker WR0 →" in links
