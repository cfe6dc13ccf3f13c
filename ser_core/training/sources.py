"""From a corpus and a recipe to data that can be trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.corpora import Corpus
from ser_core.errors import CorpusError
from ser_core.extraction import extract, store_key
from ser_core.parallel import Progress
from ser_core.representations import Representation, make
from ser_core.store import FeatureStore
from ser_core.training.augmenting import picture_change, wave_change
from ser_core.training.data import Data, Live, Source, Stored, Voices, moments_of
from ser_core.training.recipe import Recipe

DTYPE = "float16"


@dataclass(frozen=True)
class Prepared:
    """Data of a corpus.

    Attributes:
        data: Clips in the order of `clips`.
        waveforms: Sound of each clip, at the representation's sample rate.
        clips: Names.
        classes: Emotions in the order of the vocabulary.
    """

    data: Data
    waveforms: list[Waveform]
    clips: list[str]
    classes: tuple[str, ...]

    def positions(self, clips: list[str]) -> torch.Tensor:
        """Place of each named clip in the data."""
        place = {clip: number for number, clip in enumerate(self.clips)}
        return torch.tensor([place[clip] for clip in clips], dtype=torch.long)


def prepare(corpus: Corpus, recipe: Recipe, progress: Progress | None = None) -> Prepared:
    """Decode all usable clips and represent them through the store.

    Args:
        corpus: Where clips come from.
        recipe: Which representation, augmentation and normalisation.
        progress: Called with (clips done, clips in all) while representing.

    Raises:
        CorpusError: If clips cannot be decoded, with the first of them; or if the recipe
            normalises by speaker and the corpus names none.
        StoreError: If the store cannot be written.
    """
    rep = make(**recipe.representation)
    clips = sorted(corpus.usable.index)
    waveforms = [audio.load(corpus.path(clip), sample_rate=rep.sample_rate) for clip in clips]
    stored = _stored(corpus, rep, clips, waveforms, progress)
    source: Source = stored
    change = wave_change(recipe.augment, rep.sample_rate)
    if change is not None:
        source = Live(stored, [torch.from_numpy(wave.samples) for wave in waveforms], change)
    classes = tuple(corpus.emotions)
    emotion = corpus.usable.loc[clips, "emotion"]
    targets = torch.tensor([classes.index(each) for each in emotion])
    voices = _voices(corpus, clips, source) if recipe.normalise == "speaker" else None
    pictures = picture_change(recipe.augment, rep)
    return Prepared(
        Data(source, targets, len(classes), voices, pictures), waveforms, clips, classes
    )


def _stored(
    corpus: Corpus,
    rep: Representation,
    clips: list[str],
    waveforms: list[Waveform],
    progress: Progress | None,
) -> Stored:
    store = FeatureStore()
    files = {clip: corpus.path(clip) for clip in clips}
    addresses = {c: audio.sha256(w) for c, w in zip(clips, waveforms, strict=True)}
    results = extract(
        files, [rep], addresses=addresses, store=store, dtype=DTYPE, progress=progress
    )
    problems = [result for result in results if result.problem]
    if problems:
        raise CorpusError(
            f"{len(problems)} clips cannot be decoded, the first because {problems[0].problem}",
            subject=corpus.name,
            remedy="Open the corpus and see its audit; leave these clips out of it",
        )
    pictures = []
    for clip in clips:
        found = store.get(store_key(addresses[clip], rep, DTYPE))
        if found is None:
            raise CorpusError(
                "the store was emptied while it was read", subject=clip, remedy="Start again"
            )
        pictures.append(torch.from_numpy(np.array(found)))
    return Stored(rep, pictures)


def _voices(corpus: Corpus, clips: list[str], source: Source) -> Voices:
    speaker = corpus.usable.loc[clips, "speaker"]
    if speaker.isna().any():
        raise CorpusError(
            f"{int(speaker.isna().sum())} clips have no speaker to normalise by",
            subject=corpus.name,
            remedy="Choose normalise = clip or corpus",
        )
    codes = torch.tensor(speaker.astype("category").cat.codes.to_numpy(dtype=np.int64))
    return Voices(codes, moments_of(source, torch.arange(len(clips))))
