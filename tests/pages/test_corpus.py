"""The Corpus page: find a clip, hear it, open another corpus."""

import shutil

import pytest
import yaml

from pages.corpus.clip_table import row_of
from ser_core.core import demo_corpus
from ser_core.corpora import Opening, open_corpus, remembered_labels, saved_openings, scan
from tests.corpora.competition import CODES, competition
from tests.corpora.synthetic import sound


def table(app):
    return app.dataframe[0].value


def field(app, label):
    widgets = [*app.multiselect, *app.text_input, *app.selectbox]
    return next(w for w in widgets if w.label == label)


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


@pytest.fixture
def other_corpus(tmp_path):
    """Two clips, one of which is gone."""
    folder = tmp_path / "other"
    (folder / "samples").mkdir(parents=True)
    clips = ["EB0_anger_82.flac", "EB0_fear_82.flac"]
    shutil.copy(demo_corpus() / "samples" / clips[0], folder / "samples")
    lines = (demo_corpus() / "data.tsv").read_text().splitlines()
    kept = [lines[0], *(line for line in lines if line.split("\t")[0] in clips)]
    (folder / "data.tsv").write_text("\n".join(kept) + "\n")
    return folder


def test_shows_every_clip_and_the_numbers(visit):
    app = visit("corpus")
    assert len(table(app)) == 53
    numbers = {metric.label: metric.value for metric in app.metric}
    assert numbers["Clips"] == "53"
    assert numbers["Speakers"] == "9"
    assert "Unusable" not in numbers


def test_filters_narrow_the_table(visit):
    app = visit("corpus")
    field(app, "Emotion").set_value(["anger", "fear"]).run()
    field(app, "Speaker").set_value(["EB0"]).run()
    assert len(table(app)) == 2


def test_text_is_searched_in_words_and_names(visit):
    app = visit("corpus")
    field(app, "Search").set_value("mk0_fear").run()
    assert table(app)["clip"].to_list() == ["samples/MK0_fear_48.flac"]


def test_next_goes_to_the_next_clip_of_the_table(visit, said):
    app = visit("corpus", clip="samples/EB0_anger_82.flac")
    press(app, "Next")
    assert app.query_params["clip"] == "samples/EB0_fear_82.flac"
    assert "2 of 53" in said(app)


def test_another_corpus_opens_for_all_pages_and_is_remembered(visit, said, other_corpus):
    app = visit("corpus", clip="samples/EB0_fear_82.flac")
    field(app, "Folder or table").set_value(str(other_corpus))
    press(app, "Open")
    assert app.query_params["corpus"] == str(other_corpus)
    assert "clip" not in app.query_params
    numbers = {metric.label: metric.value for metric in app.metric}
    assert (numbers["Clips"], numbers["Unusable"]) == ("1", "1")
    assert "1 clips" not in said(app)
    press(app, "The bundled demo")
    assert len(table(app)) == 53
    assert str(other_corpus) in [b.label for b in app.button]
    press(app, f"Back to {other_corpus.name}")
    assert app.query_params["corpus"] == str(other_corpus)


@pytest.mark.parametrize("path", ["", "/nowhere/at/all", "\0"])
def test_a_path_that_cannot_be_opened_is_an_error_in_words(visit, path):
    app = visit("corpus")
    field(app, "Folder or table").set_value(path)
    press(app, "Open")
    assert len(app.error) == 1
    assert len(table(app)) == 53


def test_a_table_row_that_cannot_be_used_says_why(visit, other_corpus):
    app = visit("corpus", corpus=str(other_corpus))
    problems = table(app).set_index("clip")["problem"]
    assert problems["samples/EB0_anger_82.flac"] == ""
    assert problems["samples/EB0_fear_82.flac"] != ""


def test_a_filter_leaves_the_current_clip_and_next_goes_into_the_table(visit, said):
    app = visit("corpus", clip="samples/EB0_anger_82.flac")
    field(app, "Search").set_value("mk0_").run()
    assert "– of 5" in said(app)
    assert "clip" in app.query_params
    press(app, "Next")
    assert app.query_params["clip"] == table(app)["clip"][0]
    assert "1 of 5" in said(app)


def marked(app):
    return list(app.session_state["clips-table"]["selection"]["rows"])


def test_next_follows_the_table_as_it_is_sorted_also_on_other_pages(visit, said):
    app = visit("corpus", sort="-duration", speaker=["EB0"])
    longest = table(app).sort_values("duration", ascending=False)["clip"].to_list()
    assert table(app)["clip"].to_list() == longest
    assert len(longest) == 6
    assert longest[-1] == "samples/EB0_anger_82.flac"  # the first clip of the corpus
    assert next(b for b in app.button if b.label == "Next").disabled
    press(app, "Previous")
    assert app.query_params["clip"] == longest[-2]
    assert marked(app) == [4]
    app.switch_page("pages/representations/page.py").run()
    press(app, "Previous")
    assert app.query_params["clip"] == longest[-3]
    assert "4 of 6" in said(app)


def test_no_row_is_marked_while_the_sound_is_no_clip_of_the_corpus(visit):
    clip = "samples/EB0_fear_82.flac"
    assert marked(visit("corpus", clip=clip)) == [1]
    app = visit("corpus", clip=clip, source="Upload")
    assert marked(app) == []
    assert next(b for b in app.button if b.label == "Set label").disabled
    app.session_state["clips-table"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    app.run()
    assert marked(app) == []
    press(app, "Next")
    assert marked(app) == [2]


def test_a_corpus_opens_with_its_first_row(visit, other_corpus):
    app = visit("corpus", clip="samples/WR0_anger_42.flac")
    field(app, "Folder or table").set_value(str(other_corpus))
    press(app, "Open")
    assert marked(app) == [0]
    press(app, "The bundled demo")
    assert marked(app) == [0]


def test_nothing_is_offered_where_no_clip_meets_the_filters(visit, said):
    app = visit("corpus")
    field(app, "Search").set_value("no such word").run()
    assert "None of the 53 clips matches" in said(app)
    assert not app.get("download_button")
    assert next(b for b in app.button if b.label == "Next").disabled


def test_a_clicked_cell_chooses_its_row_over_the_one_marked_before():
    assert row_of({"rows": [3], "columns": [], "cells": [(7, "text")]}) == 7
    assert row_of({"rows": [3], "columns": [], "cells": []}) == 3
    assert row_of({"rows": [], "columns": [], "cells": []}) is None


def test_numbers_of_a_competition_are_given_emotions_on_the_page(visit, said, tmp_path, ser_home):
    folder = competition(tmp_path / "dacon")
    app = visit("corpus", corpus=str(folder))
    numbers = {metric.label: metric.value for metric in app.metric}
    assert (numbers["Clips"], numbers["Unlabelled"], numbers["Unusable"]) == ("0", "3", "6")
    for label, emotion in CODES.items():
        field(app, f"{label} (2 clips)").set_value(emotion)
    press(app, "Save labels")
    assert remembered_labels(folder) == CODES
    numbers = {metric.label: metric.value for metric in app.metric}
    assert (numbers["Clips"], numbers["Unlabelled"]) == ("6", "3")
    assert "Unusable" not in numbers
    assert table(app)["part"].to_list() == [""] * 6 + ["unlabelled"] * 3
    assert not app.error


@pytest.fixture
def levels(tmp_path):
    """Clips whose names tell speaker and label; the labels are no emotions."""
    for number in range(12):
        label = ("low", "middle", "high")[number % 3]
        sound(tmp_path / "levels" / f"s{number % 2}-{label}-{number}.wav", 0.3, 16000)
    return tmp_path / "levels"


def area(app, label):
    return next(w for w in app.text_area if w.label == label)


def numbers(app):
    return {metric.label: metric.value for metric in app.metric}


PATTERN = r"pattern=(?P<speaker>s\d)-(?P<label>\w+)-"


def test_how_a_corpus_is_read_is_kept_and_holds_on_every_page(visit, levels):
    app = visit("corpus")
    field(app, "Folder or table").set_value(str(levels))
    next(w for w in app.selectbox if w.label == "Reader").set_value("folders")
    area(app, "Options").set_value(PATTERN)
    next(w for w in app.toggle if w.key == "open-own").set_value(True)
    press(app, "Open")
    assert not app.error
    assert (numbers(app)["Clips"], numbers(app)["Speakers"]) == ("12", "2")
    field(app, "Name").set_value("levels")
    area(app, "Clips left out").set_value("s0-low-0.wav")
    press(app, "Save how it is read")
    assert not app.error
    assert app.query_params["corpus"] == "levels"
    assert "Kept as levels" in app.success[0].value
    assert (numbers(app)["Clips"], numbers(app)["Left out"]) == ("11", "1")
    found = saved_openings.found("levels")
    assert (found.own_labels, found.reader) == (True, "folders")

    train = visit("train", corpus="levels", **{"representation": "rms", "network.name": "linear"})
    text = next(w.value for w in train.text_area if "corpus:" in str(w.value))
    content = yaml.safe_load(text)
    assert content["corpus"] == str(levels)
    assert content["opening"]["own_labels"] is True
    assert content["opening"]["dropped"] == {"s0-low-0.wav": ""}


def test_a_kept_corpus_is_one_press_away(visit, said, levels):
    saved_openings.save(Opening(levels, "folders", own_labels=True, include="s0"), "half")
    app = visit("corpus")
    press(app, "half")
    assert app.query_params["corpus"] == "half"
    assert "Only clips whose path matches s0" in said(app)


def test_what_cannot_be_kept_says_why_and_keeps_nothing(visit, levels):
    saved_openings.save(Opening(levels, "folders", own_labels=True), "levels")
    app = visit("corpus", corpus="levels")
    area(app, "Options of the reader").set_value("patern=x")
    press(app, "Save how it is read")
    assert "has no such option" in app.error[0].value
    assert saved_openings.found("levels").options == {}


def test_labels_of_a_kept_corpus_are_kept_with_it(visit, tmp_path):
    folder = competition(tmp_path / "contest", labelled=6)
    saved_openings.save(Opening(folder), "contest")
    app = visit("corpus", corpus="contest")
    field(app, "0 (2 clips)").set_value("anger").run()
    field(app, "1 (2 clips)").set_value("sadness").run()
    press(app, "Save labels")
    assert saved_openings.found("contest").labels == {"0": "anger", "1": "sadness"}
    assert remembered_labels(folder) == {}


def test_copies_are_left_out_by_a_tick(visit, tmp_path):
    content = sound(tmp_path / "two/anger/a.wav", 0.3).read_bytes()
    (tmp_path / "two/anger/b.wav").write_bytes(content)
    sound(tmp_path / "two/fear/c.wav", 0.3)
    scan(open_corpus(tmp_path / "two"))
    app = visit("corpus", corpus=str(tmp_path / "two"))
    field(app, "Name").set_value("once")
    next(w for w in app.checkbox if w.label.startswith("Keep one of each")).check().run()
    press(app, "Save how it is read")
    assert saved_openings.found("once").dropped == {"anger/b.wav": "a copy of anger/a.wav"}


def test_columns_that_are_not_guessed_are_mapped_on_the_page(visit, tmp_path):
    rows = ["clip,how,who"]
    for number in range(8):
        sound(tmp_path / "own/wav" / f"{number}.wav", 0.3)
        rows.append(f"{number}.wav,{('anger', 'sadness')[number % 2]},s{number % 4}")
    (tmp_path / "own/list.csv").write_text("\n".join(rows))
    app = visit("corpus")
    field(app, "Folder or table").set_value(str(tmp_path / "own"))
    press(app, "Open")
    assert "list.csv: no column of emotions among clip, how, who" in app.error[0].value.replace(
        "\\", ""
    )
    assert field(app, "Files").value == "clip"
    assert next(b for b in app.button if b.label == "Open with these columns").disabled
    field(app, "Emotions").set_value("how")
    field(app, "Speakers").set_value("who").run()
    press(app, "Open with these columns")
    assert not app.error
    assert (numbers(app)["Clips"], numbers(app)["Speakers"]) == ("8", "4")


def test_the_tables_that_were_not_read_are_named_on_the_page(visit, said, tmp_path):
    rows = ["path,emotion,split"]
    for number in range(12):
        sound(tmp_path / "own/wav" / f"{number}.wav", 0.3)
        part = ("train", "train", "dev", "test")[number // 3]
        rows.append(f"wav/{number}.wav,{('anger', 'sadness', 'fear')[number % 3]},{part}")
    (tmp_path / "own/list.csv").write_text("\n".join(rows))
    (tmp_path / "own/other.csv").write_text("a,b\n1,2\n")
    app = visit("corpus", corpus=str(tmp_path / "own"))
    assert "other.csv, no column of files among a, b" in said(app)
    app = visit("corpus", corpus=str(tmp_path / "own"), view="Split")
    field(app, "Split policy").set_value("official").run()
    assert not app.error
    assert "The corpus' own split" in said(app).replace("\\", "")


def test_of_very_many_clips_the_table_holds_the_first_and_says_so(visit, said, monkeypatch):
    from pages.corpus import clip_table

    monkeypatch.setattr(clip_table, "MOST_ROWS", 10)
    app = visit("corpus")
    (table,) = [each.value for each in app.dataframe if "clip" in each.value]
    assert len(table) == 10
    assert "The table holds the first 10 of these" in said(app)
    assert "53 clips" in said(app)
    beyond = visit("corpus", clip="samples/WR0_surprised_42.flac")  # the last one of all
    assert "53 of 53" in said(beyond)
    few = visit("corpus", find="EB0_anger")
    assert "The table holds the first" not in said(few)
