"""The map of the Corpus page: made by a job, coloured, and linked with the table."""

import numpy as np
import pandas as pd
import pytest

from pages.corpus import corpus_map, filters
from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.features.embedding import COLUMNS, save_embedding
from tests.runs.made import CONTRADICTED, made_run


@pytest.fixture
def mapped(visit):
    """A map of the demo where the page looks for it; made up, as the job takes long."""
    clips = open_corpus(demo_corpus()).usable.index
    points = np.random.default_rng(0).standard_normal((len(clips), 4))
    app = visit("corpus")
    path = corpus_map.result_path(
        app.session_state["_active"], corpus_map.FUNCTIONALS, by_speaker=False
    )
    save_embedding(path, pd.DataFrame(points, index=clips, columns=list(COLUMNS)))


def spec(app):
    return app.get("plotly_chart")[0].proto.spec


def test_the_map_is_made_by_a_job(visit, said, monkeypatch):
    app = visit("corpus", view="Map")
    assert "Map of 53 clips" in said(app)
    started = []
    monkeypatch.setattr(corpus_map, "start", lambda command, **about: started.append(command))
    next(b for b in app.button if b.label == "Make the map").click().run()
    (command,) = started
    assert command[3:6] == ["corpus", "map", str(demo_corpus())]
    assert command[command.index("--out") + 1].endswith(".parquet")


def test_clips_are_coloured_by_what_is_asked(visit, mapped, ser_home):
    run = made_run(ser_home)
    app = visit("corpus", view="Map")
    assert '"name":"surprise"' in spec(app)
    color = next(box for box in app.selectbox if box.label == "Colour by")
    assert "Error" not in color.options
    color.select("Speaker").run()
    assert '"name":"EB0"' in spec(app)
    app = visit("corpus", view="Map", answers=run.id)
    next(box for box in app.selectbox if box.label == "Colour by").select("Error").run()
    assert '"name":"wrong"' in spec(app)


def test_filters_leave_the_others_in_grey(visit, mapped):
    app = visit("corpus", view="Map")
    assert "other clips" not in spec(app)
    next(m for m in app.multiselect if m.label == "Emotion").set_value(["anger"]).run()
    assert "other clips" in spec(app)
    assert '"name":"fear"' not in spec(app)


def test_a_lasso_leaves_its_clips_in_the_table_and_every_point_on_the_map(visit, mapped):
    app = visit("corpus", view="Map")
    app.session_state[filters.CHOSEN] = (
        str(demo_corpus()), frozenset({CONTRADICTED}), "chosen on the map",
    )  # fmt: skip
    app.run()
    (table,) = [each.value for each in app.dataframe if "clip" in each.value]
    assert table["clip"].to_list() == [CONTRADICTED]
    assert '"name":"surprise"' in spec(app)
