"""Training overlap: whether a model was trained on a clip that it classifies, or on its speaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ser_core import audio
from ser_core.corpora import UNSEEN_GRADES

if TYPE_CHECKING:
    from ser_core.audio import Waveform
    from ser_core.corpora import Corpus
    from ser_core.inference.provenance import Provenance


@dataclass(frozen=True)
class TrainingOverlap:
    """Training overlap of a model and a clip.

    Attributes:
        badge: In two or three words.
        said: What follows for its prediction, as a sentence.
        fair: Whether clip and speaker are both unseen.
    """

    badge: str
    said: str
    fair: bool


TRAINED = TrainingOverlap(
    "training clip",
    ("The model was trained on it: the prediction says nothing about new recordings."),
    fair=False,
)
CHOSE = TrainingOverlap(
    "validation clip",
    "It was used to select the model, which is right here more often than on new recordings.",
    fair=False,
)
SPEAKER = TrainingOverlap(
    "speaker in training",
    (
        "Other clips of this speaker were in training: the model is right here more often than "
        "on unseen speakers."
    ),
    fair=False,
)
NEW = TrainingOverlap(
    "unseen speaker", "Neither this clip nor its speaker was in training.", fair=True
)
HELD_OUT = TrainingOverlap("not in training", "This clip was not in training.", fair=False)


def training_overlap(model: Provenance, corpus: Corpus, clip: str) -> TrainingOverlap | None:
    """Overlap of the model's training with a clip of a corpus; None where it is not recorded."""
    part = (model.parts or {}).get(clip)
    if part is None or corpus.name != model.corpus:
        return None
    if part in OF_PART:
        return OF_PART[part]
    if model.audit and model.audit.grade in UNSEEN_GRADES:
        return NEW
    return SPEAKER if corpus.usable["speaker"].get(clip) in model.speakers(corpus) else HELD_OUT


OF_PART = {"train": TRAINED, "validation": CHOSE}


def trained_on(model: Provenance, corpus: Corpus, files: Sequence[Path | str]) -> int:
    """How many files are clips of the corpus that trained the model.

    Args:
        model: Where it comes from.
        corpus: The open corpus.
        files: Recordings. Those inside the folder of the corpus are known by their place; copies
            elsewhere, and uploads, by their name.
    """
    if model.parts is None or corpus.name != model.corpus:
        return 0
    root, named = corpus.root.resolve(), _by_name(corpus)
    clips = []
    for each in files:
        path = Path(each).resolve() if isinstance(each, Path) else Path(each)
        inside = path.is_relative_to(root)
        clips += [path.relative_to(root).as_posix()] if inside else named.get(path.stem, [])[:1]
    return len(model.of(clips, "train"))


def as_clip(corpus: Corpus, name: str, sound: Waveform) -> str | None:
    """The clip of a corpus that an upload is: of the same name, and the same to the sample."""
    wanted = audio.sha256(sound)
    for clip in _by_name(corpus).get(Path(name).stem, []):
        own = audio.load(corpus.path(clip), sample_rate=sound.sample_rate)
        if audio.sha256(own) == wanted:
            return clip
    return None


def _by_name(corpus: Corpus) -> dict[str, list[str]]:
    """Clips by the name of their file, without its ending: a copy may have another."""
    found: dict[str, list[str]] = {}
    for clip in corpus.usable.index:
        found.setdefault(Path(clip).stem, []).append(clip)
    return found
