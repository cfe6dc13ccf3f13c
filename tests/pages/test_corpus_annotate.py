"""Labels and tags of the user: in bulk, undone, and opened only when asked for."""

from ser_core.core import demo_corpus
from ser_core.corpora import open_corpus
from ser_core.corpora.clip_notes import notes_of, relabel, tag

ROOT = demo_corpus()
ONE = "samples/EB0_anger_82.flac"


def press(app, label):
    return next(b for b in app.button if b.label.startswith(label)).click().run()


def field(app, label):
    return next(w for w in [*app.selectbox, *app.text_input] if w.label == label)


def table(app):
    return app.dataframe[0].value.set_index("clip")


def test_one_clip_is_relabelled_and_the_last_change_undone(visit, said):
    app = visit("corpus", clip=ONE)
    field(app, "New label").select("fear").run()
    app = press(app, "Set label")
    assert notes_of(ROOT).labels == {ONE: "fear"}
    assert table(app).loc[ONE, "new_label"] == ["fear"]
    assert open_corpus(ROOT).clips.loc[ONE, "emotion"] == "anger"
    app = press(app, "Undo: fear for 1 clip")
    assert notes_of(ROOT).labels == {}
    assert [each.value for each in app.toast] == ["Undone: fear for 1 clip"]
    (panel,) = (each for each in app.expander if each.label == "Label and tag")
    assert panel.proto.expanded


def test_all_clips_in_the_table_get_a_tag(visit):
    app = visit("corpus", speaker="EB0", emotion="anger")
    app.segmented_control(key="annotate-for").set_value("All in the table").run()
    shown = set(table(app).index)
    field(app, "Tag").set_value("loud").run()
    press(app, "Add tag")
    assert set(notes_of(ROOT).tags) == shown
    assert len(shown) < 53


def test_tags_filter_the_table(visit):
    tag(ROOT, [ONE], "noisy")
    app = visit("corpus")
    assert table(app).loc[ONE, "tags"] == ["noisy"]
    next(m for m in app.multiselect if m.label == "Tag").set_value(["noisy"]).run()
    assert list(table(app).index) == [ONE]


def test_new_labels_hold_where_the_corpus_is_opened_with_them(visit, said):
    relabel(ROOT, [ONE], "fear")
    app = press(visit("corpus", clip=ONE), "Open with 1 new label")
    assert table(app).loc[ONE, "emotion"] == ["fear"]
    assert "1 clip has another label" in said(app)
    opening = open_corpus(app.query_params["corpus"]).opening
    assert opening.reading() == {"relabelled": {ONE: "fear"}}
    app = press(app, "Open with the labels of the corpus")
    assert table(app).loc[ONE, "emotion"] == ["anger"]


def test_a_tag_that_cannot_be_is_an_error_in_words(visit):
    app = press(visit("corpus", clip=ONE), "Add tag")
    assert "cannot be a tag" in app.error[0].value
