"""From a corpus and a recipe to data that can be trained on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import AudioError, CorpusError, Progress
from ser_core.corpora import Corpus
from ser_core.features.extraction import store_key
from ser_core.features.filling import fill
from ser_core.features.representations import Representation, make
from ser_core.recipes.augmentation import feature_augmentation, waveform_augmentation
from ser_core.recipes.recipe import Recipe
from ser_core.storage.feature_store import FeatureStore, Key
from ser_core.training.data import (
    Change,
    Data,
    Live,
    Samples,
    Source,
    SpeakerMoments,
    Stored,
    moments_of,
)
from ser_core.training.held import FEATURES_SHARE, SOUNDS_SHARE, Held, room

STRETCH = 256
"""Clips that are decoded and represented together."""

OnProgress = Callable[[int], None]


@dataclass(frozen=True)
class Memory:
    """What data takes of the memory, in bytes.

    Attributes:
        always: Sounds that training works on.
        features: Feature maps, at most `FEATURES_SHARE` of the memory of the computer.
        sounds: Sounds that are there to be predicted, at most `SOUNDS_SHARE` of it.
    """

    always: int
    features: int
    sounds: int


@dataclass(frozen=True)
class Prepared:
    """Data of a corpus.

    Attributes:
        data: Clips in the order of `clips`, then the copies at each further speed alike.
        waveforms: Sound of each clip, at the representation's sample rate. Where training needs
            features alone, those that do not fit into memory are decoded at each access.
        clips: Names.
        classes: Emotions in the order of the vocabulary.
        sounds: Samples of each clip and copy, in the order of the data, where an encoder is
            fine-tuned; empty otherwise.
    """

    data: Data
    waveforms: Sequence[Waveform]
    clips: list[str]
    classes: tuple[str, ...]
    sounds: tuple[torch.Tensor, ...] = ()

    def positions(self, clips: Sequence[str]) -> torch.Tensor:
        """Place of each named clip in the data."""
        place = {clip: number for number, clip in enumerate(self.clips)}
        return torch.tensor([place[clip] for clip in clips], dtype=torch.long)

    @property
    def memory(self) -> Memory:
        """What sounds and feature maps take of it."""
        source = self.data.source
        stored = source.stored if isinstance(source, Live) else source
        kept = stored.features if isinstance(stored, Stored) else None
        features = kept.nbytes if isinstance(kept, Held) else 0
        trained_on = [*self.sounds, *getattr(source, "waveforms", ())]
        always = sum({each.data_ptr(): each.nbytes for each in trained_on}.values())
        beside = self.waveforms.nbytes if isinstance(self.waveforms, Held) else 0
        return Memory(always, features, 0 if trained_on else beside)

    def training(self, clips: Sequence[str]) -> torch.Tensor:
        """Place of each named clip and of its copies at other speeds."""
        own = self.positions(clips)
        copies = range(0, len(self.data.targets), len(self.clips))
        return torch.cat([own + first for first in copies])


def prepare(corpus: Corpus, recipe: Recipe, progress: Progress | None = None) -> Prepared:
    """Decode all usable clips and represent them through the store.

    Args:
        corpus: Where clips come from.
        recipe: Which representation, augmentation and normalisation.
        progress: Called with (clips done, clips in all), each clip counted when it and its copies
            at other speeds are represented.

    Raises:
        CorpusError: If clips cannot be decoded, with the first of them; or if the recipe
            normalises by speaker and the corpus names none.
        StoreError: If the store cannot be written.
        WorkerError: If a worker is killed.
    """
    rep = make(**recipe.representation)
    clips = sorted(corpus.usable.index)
    speeds = (1.0, *recipe.augment.speeds)
    on_progress = progress or (lambda _done, _all: None)
    # Where an encoder is fine-tuned, what it gives is stored for unchanged sounds.
    change = None if recipe.fine_tune.on else waveform_augmentation(recipe.augment, rep.sample_rate)
    trains_on_sounds = recipe.fine_tune.on or change is not None or not rep.stored
    sounds, features = _at_speeds(
        corpus, clips, rep, speeds, trains_on_sounds,
        lambda done: on_progress(done // len(speeds), len(clips)),
    )  # fmt: skip
    waves = [torch.from_numpy(wave.samples) for wave in sounds] if trains_on_sounds else []
    source = _source(rep, waves, features, change)
    classes = tuple(corpus.emotions)
    emotion = corpus.usable.loc[clips, "emotion"]
    targets = torch.tensor([classes.index(each) for each in emotion]).repeat(len(speeds))
    moments = (
        _speaker_moments(corpus, clips, source, len(speeds))
        if recipe.normalise == "speaker"
        else None
    )
    changed = feature_augmentation(recipe.augment, rep)
    data = Data(source, targets, len(classes), moments, changed)
    tuned = tuple(waves) if recipe.fine_tune.on else ()
    return Prepared(data, sounds, clips, classes, tuned)


def _source(
    rep: Representation, waves: list[torch.Tensor], features: Held[torch.Tensor],
    change: Change | None,
) -> Source:  # fmt: skip
    """Where features come from: the store, or the sounds where these change or it keeps none."""
    if not rep.stored:
        return Samples(rep, waves, change)
    stored = Stored(rep, features)
    return stored if change is None else Live(stored, waves, change)


def _at_speeds(
    corpus: Corpus,
    clips: list[str],
    rep: Representation,
    speeds: Sequence[float],
    all_sounds: bool,
    on_progress: OnProgress,
) -> tuple[Held[Waveform], Held[torch.Tensor]]:
    """Sounds and feature maps of all clips at the first speed, then of all at the next, and so on.

    A stretch of clips is decoded and represented before the next, so that the time one took says
    how long the rest will take.

    Args:
        corpus: Where clips come from.
        clips: Their names.
        rep: The representation.
        speeds: At which each is represented.
        all_sounds: Whether all sounds stay in memory, whatever room there is.
        on_progress: Called with the number of sounds that are represented.
    """
    paths = [corpus.path(clip) for clip in clips]
    store, keys, every = FeatureStore(), dict[int, Key](), len(clips) * len(speeds)

    def again(number: int) -> Waveform:
        speed, clip = divmod(number, len(clips))
        return _at_speed(audio.load(paths[clip], sample_rate=rep.sample_rate), speeds[speed])

    sounds = Held(every, again, None if all_sounds else room(SOUNDS_SHARE))
    features = Held(every, lambda number: _read(store, keys[number], rep), room(FEATURES_SHARE))
    problems: list[str] = []
    on_progress(0)
    for first in range(0, len(clips), STRETCH):
        waveforms = _decoded(paths[first : first + STRETCH], rep.sample_rate, problems)
        if problems:  # the rest is decoded to count them
            continue
        copies = [[_at_speed(wave, speed) for wave in waveforms] for speed in speeds]
        flat = list(itertools.chain.from_iterable(copies))
        further = partial(_further, on_progress, first * len(speeds))
        found = iter(_filled(store, flat, rep, further) if rep.stored else ())
        for number, some in enumerate(copies):
            begin = number * len(clips) + first
            sounds.put(begin, some)
            own = list(itertools.islice(found, len(some)))
            keys.update(enumerate(own, start=begin))
            features.put(begin, (_read(store, key, rep) for key in own))
        if not rep.stored:
            further(len(flat))
    if problems:
        raise CorpusError(
            f"{len(problems)} clips cannot be decoded, the first because {problems[0]}",
            subject=corpus.name,
            remedy="Open the corpus and see its audit; leave these clips out of it",
        )
    return sounds, features


def _further(on_progress: OnProgress, before: int, done: int) -> None:
    on_progress(before + done)


def stored_files(
    rep: Representation, speeds: Sequence[float], paths: Sequence[Path]
) -> tuple[int, int, list[str]]:
    """See to it that the store holds what a training reads for files, in this process alone.

    Args:
        rep: The representation.
        speeds: At which each sound is represented.
        paths: Of the files.

    Returns:
        Sounds computed now, sounds found, and what is wrong with files that cannot be decoded.

    Raises:
        StoreError: If the store cannot be written.
    """
    problems: list[str] = []
    waveforms = _decoded(paths, rep.sample_rate, problems)
    sounds = [_at_speed(wave, speed) for speed in speeds for wave in waveforms]
    counts: list[int] = []
    _filled(FeatureStore(), sounds, rep, counts.append, workers=1)
    found = counts[0]  # before anything was computed
    return len(sounds) - found, found, problems


def _decoded(paths: Sequence[Path], rate: int, problems: list[str]) -> list[Waveform]:
    """Sounds of files; what is wrong with others joins the problems."""
    waveforms = []
    for path in paths:
        try:
            waveforms.append(audio.load(path, sample_rate=rate))
        except AudioError as error:
            problems.append(str(error))
    return waveforms


def _at_speed(waveform: Waveform, speed: float) -> Waveform:
    """The sound played so much faster, pitch and all: speed perturbation, Ko et al. (2015)."""
    if speed == 1:
        return waveform
    rate = waveform.sample_rate
    return Waveform(
        audio.resampled(Waveform(waveform.samples, round(rate * speed)), rate).samples, rate
    )


def _filled(
    store: FeatureStore,
    sounds: list[Waveform],
    rep: Representation,
    on_progress: OnProgress,
    workers: int | None = None,
) -> list[Key]:
    """Keys of sounds, all of which are in the store then; missing ones are computed in parallel.

    What is stored may hold more than the representation, as all layers of an encoder.
    """
    keys = [store_key(audio.sha256(sound), rep, rep.dtype) for sound in sounds]
    pairs = zip(keys, sounds, strict=True)
    missing = [(key, sound) for key, sound in pairs if store.get(key) is None]
    done = len(sounds) - len(missing)
    on_progress(done)

    def stored(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done)

    fill(store, rep.whole, missing, workers=workers, on_stored=stored)
    return keys


def _read(store: FeatureStore, key: Key, rep: Representation) -> torch.Tensor:
    found = store.get(key)
    if found is None:
        raise CorpusError(
            "the store was emptied while it was read", subject=str(key), remedy="Start again"
        )
    return torch.from_numpy(np.array(rep.part(found)))


def _speaker_moments(
    corpus: Corpus, clips: list[str], source: Source, speeds: int
) -> SpeakerMoments:
    speaker = corpus.usable.loc[clips, "speaker"]
    if speaker.isna().any():
        raise CorpusError(
            f"{int(speaker.isna().sum())} clips have no speaker to normalise by",
            subject=corpus.name,
            remedy="Choose normalisation by clip or by corpus",
        )
    codes = torch.tensor(speaker.astype("category").cat.codes.to_numpy(dtype=np.int64))
    speakers = int(codes.max()) + 1
    # At another speed a speaker sounds like another one, normalised by statistics of its own.
    every = torch.cat([codes + speakers * copy for copy in range(speeds)])
    return SpeakerMoments(every, moments_of(source, torch.arange(len(every))))
