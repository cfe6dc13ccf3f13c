"""Clips as files of their own: segments of recordings, and sound that is kept in Parquet tables."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import soundfile

from ser_core.core import CorpusError, Progress, count, files
from ser_core.corpora.opening import detect, source_at
from ser_core.corpora.parts import part_in_name
from ser_core.corpora.paths import Fence
from ser_core.corpora.readers import READERS
from ser_core.storage import atomic

TABLE = "clips.csv"
SOUND = "audio"
TOO_LATE_S = 0.5
"""How far the end of a segment may lie behind that of its recording, and is cut there."""
BATCH = 64
"""Rows of a Parquet table that are in memory at once."""

ENDINGS = {b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"ID3": ".mp3", b"\xff\xfb": ".mp3"}


def extract(
    path: Path,
    out: Path,
    *,
    reader: str = "",
    options: Mapping[str, Any] | None = None,
    progress: Progress = lambda _done, _all: None,
) -> int:
    """Write the clips of a corpus into a folder, with a table that lists them.

    Segments are cut from their files and written as FLAC of 24 bits, so that no sample of a file of
    24 bits or fewer changes. Sound in Parquet tables, as the library datasets stores it, is written
    as it is.

    Args:
        path: A table or database that labels segments, or a folder of Parquet tables.
        out: Folder to make; it must not have such a table yet.
        reader: Of the segments; found by looking at the files when empty.
        options: Of the reader.
        progress: Called with (clips done, clips in all).

    Returns:
        Number of clips.

    Raises:
        CorpusError: If there is nothing to extract, or sound cannot be read.
        SerError: If a file cannot be written.
    """
    if (out / TABLE).exists():
        raise CorpusError(
            "the folder holds clips already", subject=str(out), remedy="Choose another folder"
        )
    shards = sorted(path.rglob("*.parquet")) if path.is_dir() and not reader else []
    shards = [shard for shard in shards if _audio_column(shard)]
    rows = list(
        _from_parquet(shards, out, progress)
        if shards
        else _from_segments(path, out, reader, options or {}, progress)
    )
    atomic.write(out / TABLE, pd.DataFrame(rows).to_csv(index=False))
    return len(rows)


def _from_segments(
    path: Path, out: Path, reader: str, options: Mapping[str, Any], progress: Progress
) -> Iterator[dict[str, Any]]:
    source = source_at(path)
    listing = READERS[reader or detect(source)].segments(source, **options)
    fence, rows = Fence(listing.root), listing.rows
    done = 0
    for name, own in rows.groupby("path", sort=False):
        refusal = fence.refusal(str(name))
        if refusal:
            raise CorpusError(refusal, subject=str(name))
        for row, sound in zip(
            own.to_dict("records"), _cut(listing.root / str(name), own), strict=True
        ):
            said = {key: value for key, value in row.items() if key not in ("start", "end")}
            clip = f"{SOUND}/{_name(str(name), row['start'], row['end'])}.flac"
            atomic.write(out / clip, sound)
            done += 1
            progress(done, len(rows))
            yield {str(key): value for key, value in said.items()} | {"path": clip}


def _name(path: str, start: float, end: float) -> str:
    """Name of a segment: that of its file, with its times in milliseconds."""
    file = PurePosixPath(path)
    until = "end" if math.isnan(end) else f"{round(1000 * end):07}"
    return f"{file.parent / file.stem}_{round(1000 * start):07}-{until}"


def _cut(file: Path, rows: pd.DataFrame) -> Iterator[bytes]:
    """Content of each segment of a file, as FLAC."""
    try:
        with soundfile.SoundFile(files.regular(file, files.WEIGHTS)) as sound:
            rate, frames = sound.samplerate, sound.frames
            times: list[list[float]] = rows[["start", "end"]].to_numpy(float).tolist()
            for start, end in times:
                first = round(start * rate)
                last = frames if math.isnan(end) else min(frames, round(end * rate))
                if not 0 <= first < last:
                    raise CorpusError(
                        f"a segment from {start:g} s to {end:g} s is not in the file",
                        subject=str(file), remedy="Correct the times in the table",
                    )  # fmt: skip
                if end > frames / rate + TOO_LATE_S:
                    raise CorpusError(
                        f"a segment ends at {end:g} s, and the recording at {frames / rate:.2f} s",
                        subject=str(file), remedy="Correct the times in the table; if they are "
                        "milliseconds, call its columns start_ms and end_ms",
                    )  # fmt: skip
                sound.seek(first)
                samples = sound.read(last - first, dtype="float64", always_2d=True)
                content = io.BytesIO()
                soundfile.write(content, samples, rate, format="FLAC", subtype="PCM_24")
                yield content.getvalue()
    except (OSError, soundfile.LibsndfileError) as error:
        raise CorpusError(
            "the file cannot be cut", subject=str(file), remedy="Convert it to WAV or FLAC first"
        ) from error


def _audio_column(shard: Path) -> str:
    """Column of sound of a Parquet table, as datasets stores it: bytes with a path; or empty."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(files.regular(shard, files.WEIGHTS))  # type: ignore[no-untyped-call]
    except (OSError, pa.ArrowException):  # another file of that name: nothing to extract
        return ""
    return next(
        (
            field.name
            for field in schema
            if pa.types.is_struct(field.type)
            and {"bytes", "path"} <= {part.name for part in field.type}
        ),
        "",
    )


def _from_parquet(shards: list[Path], out: Path, progress: Progress) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    every = [files.regular(shard, files.WEIGHTS) for shard in shards]
    total = sum(
        pq.read_metadata(shard).num_rows  # type: ignore[no-untyped-call]
        for shard in every
    )
    done = 0
    for shard in every:
        column = _audio_column(shard)
        with pq.ParquetFile(shard) as table:  # type: ignore[no-untyped-call]
            names = _class_names(table.schema_arrow.metadata or {})
            part = part_in_name(shard.stem.split("-")[0]) or part_in_name(shard.parent.name)
            for batch in table.iter_batches(BATCH):
                for row in batch.to_pylist():
                    clip = _written(row.pop(column), out, done)
                    done += 1
                    progress(done, total)
                    yield _plain(row, names) | ({"split": part} if part else {}) | {"path": clip}


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Names of the classes of each column of numbers, as datasets says them."""
    try:
        said = json.loads(metadata.get(b"huggingface", b"{}"))
        features = said.get("info", {}).get("features", {})
        return {name: each["names"] for name, each in features.items() if "names" in each}
    except (ValueError, AttributeError, TypeError):  # the numbers stay numbers
        return {}


def _plain(row: Mapping[str, Any], names: Mapping[str, list[str]]) -> dict[str, Any]:
    """Texts and numbers of a row, classes by their names."""
    plain = {key: value for key, value in row.items() if isinstance(value, str | int | float)}
    return {key: _named(value, names.get(key, [])) for key, value in plain.items()}


def _named(value: Any, names: list[str]) -> Any:
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value


def _written(sound: Mapping[str, Any] | None, out: Path, number: int) -> str:
    content = (sound or {}).get("bytes")
    if not content:
        raise CorpusError(
            "a row holds no sound", subject=f"{count(number, 'row')} from the start",
            remedy="Store the data set with its sound inside (embed_external_files)",
        )  # fmt: skip
    ending = next((each for magic, each in ENDINGS.items() if content.startswith(magic)), "")
    stem = PurePosixPath(str((sound or {}).get("path") or "clip")).stem
    ending = ending or PurePosixPath(str((sound or {}).get("path") or "")).suffix
    clip = f"{SOUND}/{number:06}_{stem}{ending}"
    atomic.write(out / clip, content)
    return clip
