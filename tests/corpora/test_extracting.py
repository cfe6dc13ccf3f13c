"""Clips written as files of their own: segments of recordings, and sound in Parquet tables."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from ser_core.core import CorpusError
from ser_core.corpora import make_split, open_corpus
from ser_core.corpora.extracting import extract
from tests.corpora.synthetic import sound

RATE = 16000


@pytest.fixture
def recording(tmp_path):
    """Ten seconds, each sample of which is its own number."""
    samples = np.arange(10 * RATE, dtype=np.float64) / (10 * RATE)
    folder = tmp_path / "talk"
    folder.mkdir()
    soundfile.write(folder / "one.wav", samples, RATE, subtype="PCM_24")
    return folder, soundfile.read(folder / "one.wav")[0]


def test_segments_become_clips_without_a_changed_sample(recording, tmp_path):
    folder, samples = recording
    rows = ["file,start,end,emotion,speaker", "one.wav,0.5,2,angry,a", "one.wav,2,3.25,sad,b",
            "one.wav,8,,happy,a"]  # fmt: skip
    (folder / "segments.csv").write_text("\n".join(rows))
    with pytest.raises(CorpusError, match="corpus extract"):
        open_corpus(folder)
    assert extract(folder, tmp_path / "out") == 3
    corpus = open_corpus(tmp_path / "out")
    assert corpus.usable[["emotion", "speaker"]].to_dict("index") == {
        "audio/one_0000500-0002000.flac": {"emotion": "anger", "speaker": "a"},
        "audio/one_0002000-0003250.flac": {"emotion": "sadness", "speaker": "b"},
        "audio/one_0008000-end.flac": {"emotion": "happiness", "speaker": "a"},
    }
    times = ((0.5, 2), (2, 3.25), (8, 10))
    for clip, (first, last) in zip(corpus.usable.index, times, strict=True):
        found, rate = soundfile.read(tmp_path / "out" / clip)
        assert rate == RATE
        assert np.array_equal(found, samples[round(first * RATE) : round(last * RATE)])
    with pytest.raises(CorpusError, match="holds clips already"):
        extract(folder, tmp_path / "out")


@pytest.mark.parametrize(("start", "end"), [("9", "8"), ("10", "11"), ("-1", "2")])
def test_a_segment_that_is_not_in_its_file_is_named(recording, tmp_path, start, end):
    folder, _ = recording
    (folder / "segments.csv").write_text(f"file,start,end,emotion\none.wav,{start},{end},sad\n")
    with pytest.raises(CorpusError, match="is not in the file"):
        extract(folder, tmp_path / "out", reader="manifest")


def test_a_segment_of_a_file_outside_is_refused(recording, tmp_path):
    folder, _ = recording
    sound(tmp_path / "secret.wav")
    rows = "file,start,end,emotion\n../secret.wav,0,1,sad\none.wav,0,1,sad\n"
    (folder / "segments.csv").write_text(rows)
    with pytest.raises(CorpusError, match="leaves the corpus folder"):
        extract(folder, tmp_path / "out", reader="manifest")


def test_what_has_no_segments_has_nothing_to_extract(tmp_path):
    for name in ("angry/a.wav", "sad/b.wav"):
        sound(tmp_path / "in" / name)
    with pytest.raises(CorpusError, match="nothing to cut"):
        extract(tmp_path / "in", tmp_path / "out")


def flac(value: float) -> bytes:
    content = io.BytesIO()
    soundfile.write(content, np.full(3200, value), RATE, format="FLAC")
    return content.getvalue()


def shard(path, rows, *, named=True):
    """A Parquet file as datasets writes it: sound as a struct, classes as numbers with names."""
    names = {"_type": "ClassLabel", "names": ["sad", "joy"]}
    features = {"audio": {"_type": "Audio"}, "label": names}
    about = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    table = pa.table(
        {
            "audio": pa.array(
                [{"bytes": content, "path": name} for name, content, *_ in rows],
                pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
            ),
            "label": pa.array([label for *_, label, _ in rows], pa.int64()),
            "speaker": [who for *_, who in rows],
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(about if named else None), path)


def test_sound_in_parquet_becomes_files_with_the_names_of_their_classes(tmp_path):
    clips = [("a.flac", flac(0.1), 0, "s1"), ("b.flac", flac(0.2), 1, "s1")]
    shard(tmp_path / "in/data/train-00000-of-00001.parquet", clips)
    shard(tmp_path / "in/data/test-00000-of-00001.parquet", [("a.flac", flac(0.3), 1, "s2")])
    done = []
    assert extract(tmp_path / "in", tmp_path / "out", progress=lambda *at: done.append(at)) == 3
    assert done[-1] == (3, 3)
    corpus = open_corpus(tmp_path / "out")
    assert corpus.usable["emotion"].value_counts().to_dict() == {"happiness": 2, "sadness": 1}
    assert corpus.speakers == ["s1", "s2"]
    assert corpus.usable["official"].value_counts().to_dict() == {"train": 2, "test": 1}
    first = next(clip for clip in corpus.usable.index if clip.endswith("_b.flac"))
    assert corpus.path(first).read_bytes() == flac(0.2)


def test_shards_in_folders_of_the_parts_keep_their_part(tmp_path):
    for number, part in enumerate(("train", "test")):
        clips = [("a.flac", flac(0.1 + number / 10), number, f"s{number}")]
        shard(tmp_path / "in/default" / part / "0000.parquet", clips)
    assert extract(tmp_path / "in", tmp_path / "out") == 2
    parts = open_corpus(tmp_path / "out").usable.set_index("speaker")["official"].to_dict()
    assert parts == {"s0": "train", "s1": "test"}


def test_classes_without_names_stay_numbers(tmp_path):
    shard(tmp_path / "in/x.parquet", [("a.flac", flac(0.1), 0, "s1")], named=False)
    extract(tmp_path / "in", tmp_path / "out")
    assert "0" in (tmp_path / "out/clips.csv").read_text().splitlines()[1].split(",")


def test_a_row_without_sound_is_named(tmp_path):
    shard(tmp_path / "in/x.parquet", [("a.flac", flac(0.1), 0, "s1"), ("b.flac", None, 0, "s1")])
    with pytest.raises(CorpusError, match="1 row from the start"):
        extract(tmp_path / "in", tmp_path / "out")


def test_a_split_of_extracted_parts_is_the_official_one(tmp_path):
    rows = [(f"{n}.flac", flac(0.01 * (n + 1)), n % 2, f"s{n // 2}") for n in range(12)]
    shard(tmp_path / "in/train.parquet", rows[:8])
    shard(tmp_path / "in/test.parquet", rows[8:])
    extract(tmp_path / "in", tmp_path / "out")
    split = make_split(open_corpus(tmp_path / "out"), "official")
    assert len(split.fold()["test"]) == 4


@pytest.mark.parametrize(
    ("names", "factor"),
    [
        ("start_ms,end_ms", 1000), ("Start (ms),Stop (ms)", 1000), ("startTimeMs,endTimeMs", 1000),
        ("start (s),end (s)", 1), ("from,to", 1), ("t_start,t_end", 1), ("start_sec,end_sec", 1),
        ("onset,offset", 1), ("Anfang,Ende", 1), ("xmin,xmax", 1),
    ],
)  # fmt: skip
def test_times_are_known_by_many_names_and_units(recording, tmp_path, names, factor):
    folder, _ = recording
    rows = [f"one.wav,{start * factor},{(start + 2) * factor},sad" for start in (0, 2, 4)]
    (folder / "segments.csv").write_text("\n".join([f"file,{names},emotion", *rows]))
    with pytest.raises(CorpusError, match="labels segments"):
        open_corpus(folder, "manifest")
    assert extract(folder, tmp_path / "out") == 3
    assert set(open_corpus(tmp_path / "out").clips["duration"]) == {2.0}


def test_columns_of_times_can_be_named(recording, tmp_path):
    folder, _ = recording
    (folder / "segments.csv").write_text("file;t0 [ms];t1 [ms];emotion\none.wav;500,0;2500,0;sad\n")
    columns = {"start": "t0 [ms]", "end": "t1 [ms]"}
    with pytest.raises(CorpusError, match="labels segments"):
        open_corpus(folder, "manifest", columns=columns)
    assert extract(folder, tmp_path / "out", reader="manifest", options={"columns": columns}) == 1
    assert next((tmp_path / "out").rglob("*.flac")).name == "one_0000500-0002500.flac"
    with pytest.raises(CorpusError, match=r"no columns of a start .* columns.start=NAME"):
        extract(folder, tmp_path / "other", reader="manifest")


def test_an_end_far_behind_the_recording_is_an_error(recording, tmp_path):
    folder, _ = recording
    (folder / "segments.csv").write_text("file,start,end,emotion\none.wav,8,10.4,sad\n")
    assert extract(folder, tmp_path / "out") == 1
    (folder / "segments.csv").write_text("file,start,end,emotion\none.wav,0,1985,sad\n")
    with pytest.raises(
        CorpusError, match=r"ends at 1985 s, and the recording at 10.00 s.*start_ms"
    ):
        extract(folder, tmp_path / "other")
