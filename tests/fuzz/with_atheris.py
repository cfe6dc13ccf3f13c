"""Bytes that a fuzzer guided by coverage makes, for one reader after the other.

pytest does not run this: it needs atheris (`pip install atheris`), and as much time as you give it.

    PYTHONPATH=. python tests/fuzz/with_atheris.py textgrid -max_total_time=120

The first argument names readers (`rttm,elan`), or is `all`: the first byte of an input chooses
among them. The other arguments go to libFuzzer. Whatever is no `SerError`, and whatever takes
longer than 20 s or more than 2 GB, ends it with the input, which is kept as `crash-...` in the
working directory. Make a test of it (`tests/fuzz/test_found.py`).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import atheris

os.environ["SER_HOME"] = tempfile.mkdtemp()
with atheris.instrument_imports(include=["ser_core"]):
    from ser_core.audio import load
    from ser_core.core import SerError
    from ser_core.corpora.annotations.reading import read_segments
    from ser_core.corpora.tables import read_table
    from ser_core.explain.benchmark_report import Bench
    from ser_core.features.extraction import load_means
    from ser_core.models import onnx
    from ser_core.models.bundle import load_bundle
    from ser_core.recipes import recipe
    from ser_core.storage.parquet import read_parquet

PLACE = Path(tempfile.mkdtemp())


def parquet(file: Path) -> object:
    """A table of Parquet, whose callers tell a `ValueError` in words of their own."""
    try:
        return read_parquet(file)
    except ValueError:
        return None


class Reader(NamedTuple):
    """What reads, and sound bytes that the fuzzer begins with."""

    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]


def of_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """A reader of a file with this name."""
    file = PLACE / name
    file.parent.mkdir(parents=True, exist_ok=True)

    def given(content: bytes) -> object:
        file.write_bytes(content)
        return read(file)

    return given


def sounds() -> list[bytes]:
    """A tenth of a second in several kinds of files."""
    import numpy as np
    import soundfile

    samples = np.random.default_rng(0).normal(0, 0.1, (800, 2)).astype(np.float32)
    kinds = [
        ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "MS_ADPCM"), ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"), ("AIFF", "PCM_24"), ("AU", "ULAW"), ("MP3", "MPEG_LAYER_III"),
    ]  # fmt: skip
    found = []
    for kind, coding in kinds:
        file = io.BytesIO()
        soundfile.write(file, samples, 8_000, format=kind, subtype=coding)
        found.append(file.getvalue())
    return found


TEXTGRID = b"""File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "emotion"
        xmin = 0
        xmax = 2
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1
            text = "anger"
        intervals [2]:
            xmin = 1
            xmax = 2
            text = "so ""called"" joy"
    item [2]:
        class = "TextTier"
        name = "points"
        xmin = 0
        xmax = 2
        points: size = 1
        points [1]:
            number = 1
            mark = "x"
"""
ELAN = b"""<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///a/b.wav"/></HEADER>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="t2"
TIME_VALUE="900"/></TIME_ORDER><TIER TIER_ID="emotion" PARTICIPANT="s1"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="t1" TIME_SLOT_REF2="t2">
<ANNOTATION_VALUE>anger</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="more"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" ANNOTATION_REF="a1">
<ANNOTATION_VALUE>loud</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>
"""
RTTM = b"SPEAKER talk 1 0.50 1.25 <NA> <NA> s1 <NA> <NA>\nSPEAKER talk 1 2 1 joy <NA> s2 <NA>\n"
TABLE = b'path,label,start,end\r\na.wav,anger,0,1\r\n"b.wav",joy,0:01,1:02.5\r\n'


def descriptions() -> list[bytes]:
    """Of a small bundle, which is left beside the file that is read."""
    from tests.explain.nets import bundle_of

    folder = bundle_of(width=2).save(PLACE / "bundle")
    return [(folder / "bundle.json").read_bytes()]


def recipes() -> list[bytes]:
    """As published."""
    return [file.read_bytes() for file in sorted(Path("recipes").glob("*.yaml"))[:10]]


def archives() -> list[bytes]:
    """Means of classes."""
    import numpy as np

    packed = io.BytesIO()
    about = json.dumps({"clips": {"joy": 3}, "unreadable": []})
    np.savez_compressed(packed, about=about, picture_joy=np.zeros((1, 4, 6), np.float32))
    return [packed.getvalue()]


def benches() -> list[bytes]:
    """The maps of a benchmark; its tables are empty."""
    import numpy as np
    import pandas as pd

    folder = PLACE / "bench"
    folder.mkdir(exist_ok=True)
    for name in ("clips", "scores", "checks", "times", "readings", "trials"):
        pd.DataFrame({"clip": ["a"]}).to_parquet(folder / f"{name}.parquet")
    (folder / "bench.json").write_text('{"about": {}}')
    packed = io.BytesIO()
    np.savez_compressed(packed, **{"lrp/joy": np.zeros((4, 6), np.float32)})
    return [packed.getvalue()]


def parquets() -> list[bytes]:
    """A table of predictions."""
    import pandas as pd

    packed = io.BytesIO()
    pd.DataFrame({"clip": ["a", "b"], "joy": [0.1, 0.2]}).to_parquet(packed)
    return [packed.getvalue()]


def graphs() -> list[bytes]:
    """The beginning of the graph of the bundled model, whose weights follow."""
    (file, *_) = sorted(Path("artifacts").rglob("*.onnx"))
    return [file.read_bytes()[:4_000]]


READERS = {
    "sound": Reader(load, sounds),
    "table": Reader(of_file("table.csv", read_table), lambda: [TABLE]),
    "segments": Reader(of_file("segments.csv", read_segments), lambda: [TABLE]),
    "rttm": Reader(of_file("a.rttm", read_segments), lambda: [RTTM]),
    "textgrid": Reader(of_file("a.TextGrid", read_segments), lambda: [TEXTGRID]),
    "elan": Reader(of_file("a.eaf", read_segments), lambda: [ELAN]),
    "bundle": Reader(
        of_file("bundle/bundle.json", lambda file: load_bundle(file.parent)), descriptions
    ),
    "recipe": Reader(of_file("recipe.yaml", recipe.load), recipes),
    "means": Reader(of_file("means.npz", load_means), archives),
    "bench": Reader(of_file("bench/maps.npz", lambda file: Bench.load(file.parent)), benches),
    "parquet": Reader(of_file("table.parquet", parquet), parquets),
    "onnx": Reader(of_file("model.onnx", onnx.read), graphs),
}


def main() -> None:
    """Give the readers bytes until the time is over; it does not return."""
    names, *options = sys.argv[1:] or ["all"]
    chosen = list(READERS) if names == "all" else names.split(",")
    seeds = PLACE / "seeds"
    seeds.mkdir()
    for which, name in enumerate(chosen):
        for number, content in enumerate(READERS[name].seeds()):
            (seeds / f"{name}-{number}").write_bytes(bytes([which]) + content)

    def once(content: bytes) -> None:
        if content:
            with contextlib.suppress(SerError):
                READERS[chosen[content[0] % len(chosen)]].read(content[1:])

    limits = ["-timeout=20", "-rss_limit_mb=2000", "-max_len=8000"]
    atheris.Setup([sys.argv[0], str(seeds), *limits, *options], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
