"""Tables of corpora and kept openings, whatever is in them: a corpus or a `SerError`."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser_core.corpora import READERS, audit, make_split, open_corpus
from ser_core.corpora import tables as reading
from tests.corpora.synthetic import nemo, row, sound
from tests.fuzz.mutations import damaged, mutated, tried

pytestmark = pytest.mark.timeout(600)  # a hang is a failure, a busy computer is none

TABLE = (
    b"path,label,speaker,sentence,split\r\n"
    b"a.wav,anger,s1,t1,train\r\n"
    b'"b.wav",sadness,s2,t1,test\r\n'
    b"c.wav,joy,,t2,\r\n"
)

OPENING = {
    "kind": "ser-corpus",
    "corpus": ".",
    "reader": "manifest",
    "name": "mine",
    "options": {"table": "table.csv", "columns": {"label": "label"}, "encoding": "utf-8"},
    "include": r"\.wav$",
    "labels": {"joy": "happiness"},
    "own_labels": True,
    "dropped": {"a.wav": "noise"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of three sounds; its table is written by each example."""
    place = tmp_path_factory.mktemp("tables")
    for name in "abc":
        sound(place / f"{name}.wav")
    return place


def check(path, **options) -> None:
    """A corpus that can be looked at and split, or an error that says what to do."""
    corpus = tried(lambda: open_corpus(path, **options))
    if corpus is not None:
        assert len(corpus.clips) == corpus.clips.index.nunique()
        audit(corpus)
        tried(lambda: make_split(corpus, "random"))


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp949", "latin-1", "cp037"]


@settings(max_examples=70)
@given(content=damaged(TABLE))
def test_a_damaged_table(folder, content):
    (folder / "table.csv").write_bytes(content)
    check(folder)
    check(folder / "table.csv")


@settings(max_examples=100)
@given(content=st.binary(max_size=200))
def test_bytes_that_are_no_table(folder, content):
    (folder / "table.csv").write_bytes(content)
    check(folder / "table.csv")


CELLS = st.one_of(
    st.sampled_from(
        ["path", "label", "speaker", "sentence", "a.wav", "b.wav", "anger", "sadness", "joy", "",
         "../a.wav", "/etc/passwd", ".", "nan", "a.wav\0", "a" * 300, "0", "1e400", "train"]
    ),
    st.text(max_size=6),
)  # fmt: skip


@settings(max_examples=80)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=5),
    sign=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(ENCODINGS),
)
def test_cells_of_any_kind_in_any_encoding(folder, rows, sign, encoding):
    lines = "\n".join(sign.join(cells) for cells in [["path", "label", "speaker"], *rows])
    (folder / "table.csv").write_bytes(lines.encode(encoding, errors="replace"))
    check(folder / "table.csv")
    check(folder)


@settings(max_examples=40)
@given(content=damaged(TABLE), encoding=st.sampled_from([*ENCODINGS, "none", "idna", "hex", "\0"]))
def test_an_encoding_that_is_named(folder, content, encoding):
    (folder / "table.csv").write_bytes(content)
    tried(lambda: reading.read_table(folder / "table.csv", encoding=encoding))


@settings(max_examples=80)
@given(content=damaged((("\n".join([
    "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage",
    row("AB0_anger_1.wav"), row("AB0_anger_2.wav", "fear"),
])) + "\n").encode()))  # fmt: skip
def test_a_damaged_table_of_nemo(tmp_path_factory, content):
    place = tmp_path_factory.mktemp("nemo")
    nemo(place, [])
    sound(place / "samples" / "AB0_anger_1.wav")
    (place / "data.tsv").write_bytes(content)
    check(place)
    shutil.rmtree(place)


@settings(max_examples=120)
@given(opening=mutated(OPENING, 3))
def test_a_kept_opening(folder, opening):
    (folder / "table.csv").write_bytes(TABLE)
    if isinstance(opening, dict) and opening.get("corpus") == ".":
        opening["corpus"] = str(folder)
    file = folder / "opening.json"
    file.write_text(json.dumps(opening))
    check(file)


@settings(max_examples=60)
@given(content=damaged(json.dumps(OPENING).encode()))
def test_a_damaged_opening(folder, content):
    (folder / "opening.json").write_bytes(content)
    check(folder / "opening.json")


NAMES = itertools.cycle(range(10**6))
PARTS = st.sampled_from(
    ["03-01-05-02-01-02-12.wav", "1040_ITH_SAD_X.wav", "OA_bite_neutral.wav", "KL_su03.wav",
     "16b03Lb.wav", "angry", "anger", "train", "test", "s1", "x.wav", "é.flac", " .wav", "a\nb.wav",
     "-.wav", "*.wav", "%s.wav"]
) | st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]),
            min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))  # fmt: skip


@settings(max_examples=60)
@given(
    paths=st.lists(st.lists(PARTS, min_size=1, max_size=3), min_size=1, max_size=5),
    readers=st.permutations(list(READERS)),
)
def test_folders_and_files_of_any_name(tmp_path_factory, paths, readers):
    """Each as detected, and by three readers of all."""
    place = tmp_path_factory.mktemp("names")
    for parts in paths:
        file = place.joinpath(*parts)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.is_dir():
                file.write_bytes(b"RIFF")
        except (FileExistsError, NotADirectoryError):
            continue  # one name is a file here and a folder there
    for reader in (None, *readers[:3]):
        check(Path(place), reader=reader)
    shutil.rmtree(place)
