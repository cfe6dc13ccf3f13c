"""A small competition, as the files of one are laid out: train.csv, test.csv, a template."""

import shutil
from pathlib import Path

from tests.corpora.synthetic import sound

CODES = {"0": "anger", "1": "sadness", "2": "neutral"}
"""What the numbers of its labels mean; its files do not say."""


def competition(
    root: Path, *, labelled: int = 6, unlabelled: int = 3, seconds: float = 0.2
) -> Path:
    """Write one: numbers as labels, ids without folder or ending, paths that begin with `./`."""
    train, test, template = ["id,path,label"], ["id,path"], ["id,label"]
    for number in range(labelled):
        sound(root / f"train/TRAIN_{number}.wav", seconds)
        train.append(f"TRAIN_{number},./train/TRAIN_{number}.wav,{number % 3}")
    for number in range(unlabelled):
        sound(root / f"test/TEST_{number}.wav", seconds)
        test.append(f"TEST_{number},./test/TEST_{number}.wav")
        template.append(f"TEST_{number},0")
    for name, lines in (("train", train), ("test", test), ("sample_submission", template)):
        (root / f"{name}.csv").write_text("\n".join([*lines, ""]))
    return root


def copy_sound(root: Path, source: str, target: str) -> None:
    """The same sound under another name."""
    shutil.copy(root / source, root / target)
