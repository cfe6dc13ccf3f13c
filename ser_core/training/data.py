"""Batches for training and evaluation, from the store or from waveforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ser_core.features.representations import WAVEFORM, Representation
from ser_core.models.normalisation import Moments
from ser_core.training import seeds

EVALUATION_BATCH = 64
# Of sounds, which networks and encoders make much more of than they are.
SOUNDS_BATCH = 16
# Batches whose clips are sorted by length together, where batches are made of like lengths.
SORTED_TOGETHER = 16
# Shapes that recur let the convolution library reuse its plans, and memory that is freed fit again.
FRAME_STEP = 16
# Of inputs whose frames are samples, seconds.
SAMPLES_STEP_S = 0.25


@dataclass(frozen=True)
class Batch:
    """Clips side by side.

    Attributes:
        features: Shape (batch, channels, bins, n), silence behind each clip's own frames.
        frames: Own frames of each, shape (batch,); None when all have n.
        targets: Probability of each class, shape (batch, classes).
        speakers: Statistics of each speaker, (batch, 3, channels, bins), or None.
        clips: Position of each clip in the data.
    """

    features: Tensor
    frames: Tensor | None
    targets: Tensor
    speakers: Tensor | None
    clips: Tensor


class Source(Protocol):
    """Where feature maps come from."""

    @property
    def representation(self) -> Representation:
        """What the feature maps are."""
        ...

    def whole(self, clip: int) -> Tensor:
        """Feature map of all of a clip, unchanged, (channels, bins, frames)."""
        ...

    def varied(self, clips: Sequence[int], crop: int | None, draw: torch.Generator) -> list[Tensor]:
        """Feature maps of a random stretch of `crop` frames of each clip, changed at random."""
        ...


@dataclass(frozen=True)
class Stored:
    """Feature maps that are computed already; what changes in training is the stretch.

    Attributes:
        representation: What the feature maps are.
        features: One a clip, (channels, bins, frames), in float16 or float32.
    """

    representation: Representation
    features: Sequence[Tensor]

    def whole(self, clip: int) -> Tensor:
        """Feature map of all of a clip."""
        return self.features[clip].float()

    def varied(self, clips: Sequence[int], crop: int | None, draw: torch.Generator) -> list[Tensor]:
        """Random stretches of the feature maps."""
        return [_stretch(self.features[clip], crop, draw).float() for clip in clips]


Change = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]
"""Augmentation of a batch and the lengths of its clips, by a generator."""


@dataclass(frozen=True)
class Live:
    """Feature maps computed from the sound in every step, so that the sound can be changed before.

    Attributes:
        stored: Feature maps of the unchanged clips.
        waveforms: One a clip, shape (samples,), float32.
        change: Augmentation of (batch, samples) and lengths by a generator.
    """

    stored: Stored
    waveforms: Sequence[Tensor]
    change: Change

    @property
    def representation(self) -> Representation:
        """What the feature maps are."""
        return self.stored.representation

    def whole(self, clip: int) -> Tensor:
        """Feature map of all of a clip."""
        return self.stored.whole(clip)

    def varied(self, clips: Sequence[int], crop: int | None, draw: torch.Generator) -> list[Tensor]:
        """Feature maps of changed random stretches."""
        sounds = [self.waveforms[clip] for clip in clips]
        return _computed(self.representation, sounds, crop, draw, self.change)


@dataclass(frozen=True)
class Samples:
    """Features that cost too little to be stored, such as the samples themselves.

    Attributes:
        representation: What the features are.
        waveforms: One a clip, shape (samples,), float32.
        change: Augmentation of (batch, samples) and lengths by a generator, or None.
    """

    representation: Representation
    waveforms: Sequence[Tensor]
    change: Change | None = None

    def whole(self, clip: int) -> Tensor:
        """Features of all of a clip, unchanged."""
        with torch.no_grad():
            return self.representation(self.waveforms[clip][None])[0]

    def varied(self, clips: Sequence[int], crop: int | None, draw: torch.Generator) -> list[Tensor]:
        """Features of changed random stretches."""
        sounds = [self.waveforms[clip] for clip in clips]
        return _computed(self.representation, sounds, crop, draw, self.change)


def _computed(
    representation: Representation,
    waveforms: Sequence[Tensor],
    crop: int | None,
    draw: torch.Generator,
    change: Change | None,
) -> list[Tensor]:
    """Features of random stretches of `crop` frames of sounds, changed before."""
    length = None if crop is None else representation.samples(crop)
    parts = [_stretch(wave, length, draw) for wave in waveforms]
    lengths = torch.tensor([len(part) for part in parts])
    waves = pad_sequence(parts, batch_first=True)
    with torch.no_grad():
        if change is not None:
            waves, lengths = change(waves, lengths, draw)
        features = representation(waves, lengths)
    frames = representation.frames(lengths).tolist()
    return [each[..., :n] for each, n in zip(features, frames, strict=True)]


def _stretch(values: Tensor, length: int | None, draw: torch.Generator) -> Tensor:
    """Random stretch along the last dimension; all of it where it is no longer than that."""
    spare = 0 if length is None else values.shape[-1] - length
    if spare <= 0:
        return values
    start = int(torch.randint(spare + 1, (1,), generator=draw))
    return values[..., start : start + (length or 0)]


class ClipMoments(Protocol):
    """Moments of clips by their positions."""

    def __getitem__(self, clips: Tensor) -> Moments:
        """Moments of some of the clips."""
        ...


@dataclass(frozen=True)
class SpeakerMoments:
    """Statistics of speakers, from some or all of their clips.

    Attributes:
        speakers: Number of the speaker of each clip, shape (clips,).
        moments: Of each clip's whole feature map.
    """

    # How many clips are enrolled in training, None for all: a model that has seen few and many
    # serves both, and one that has seen none serves speakers who are not enrolled.
    ENROLLED: ClassVar[tuple[int | None, ...]] = (0, 0, 1, 5, 30, None)

    speakers: Tensor
    moments: ClipMoments

    def among(self, clips: Tensor) -> dict[int, tuple[Tensor, Tensor]]:
        """The clips of each speaker among those given, and the statistics of all of them."""
        own = {
            int(speaker): clips[self.speakers[clips] == speaker]
            for speaker in self.speakers[clips].unique()
        }
        return {
            speaker: (theirs, self.moments[theirs].statistics()) for speaker, theirs in own.items()
        }

    def drawn(
        self, clips: Tensor, known: dict[int, tuple[Tensor, Tensor]], draw: torch.Generator
    ) -> Tensor:
        """Statistics from a random number of clips of each clip's speaker.

        Args:
            clips: Positions.
            known: From `among`, of the clips to draw from.
            draw: Decides which, and how many of `ENROLLED`.

        Returns:
            Shape (clips, 3, channels, bins); zero where the number drawn is none.
        """
        speakers = []
        for clip in clips:
            own, statistics = known[int(self.speakers[clip])]
            count = self.ENROLLED[int(torch.randint(len(self.ENROLLED), (1,), generator=draw))]
            if count is not None:
                chosen = torch.randperm(len(own), generator=draw)[:count]
                statistics = self.moments[own[chosen]].statistics()
            speakers.append(statistics)
        return torch.stack(speakers)

    def full(self, clips: Tensor, among: Tensor) -> Tensor:
        """Statistics from all of each clip's speaker's clips `among` those given."""
        known = self.among(among)
        return torch.stack([known[int(speaker)][1] for speaker in self.speakers[clips]])


@dataclass(frozen=True)
class Data:
    """Clips with their classes, for batches.

    Attributes:
        source: Where feature maps come from.
        targets: Class of each clip, shape (clips,).
        classes: Number of classes.
        speaker_moments: Statistics of speakers, for a model that normalises by them.
        change: Augmentation of feature maps.
        lengths: Length of each clip in any unit, shape (clips,), where training batches are to be
            made of clips of like length, which saves what padding costs; None for any clips.
    """

    source: Source
    targets: Tensor
    classes: int
    speaker_moments: SpeakerMoments | None = None
    change: Change | None = None
    lengths: Tensor | None = None

    def training(
        self, clips: Tensor, batch: int, crop_s: float | None, seed: int, epoch: int
    ) -> Iterator[Batch]:
        """Batches of one epoch in random order; the seed and the epoch decide all that is drawn.

        A last batch of one clip is left out: batch norm has nothing to compare it with.
        """
        order = clips[torch.randperm(len(clips), generator=seeds.generator(seed, "order", epoch))]
        crop = None if crop_s is None else self._frames(crop_s)
        known = self.speaker_moments.among(clips) if self.speaker_moments else {}
        for number, chosen in enumerate(self._batched(order, batch, seed, epoch)):
            if len(chosen) > 1:
                draw = seeds.generator(seed, "batch", epoch, number)
                yield self._varied(chosen, known, crop, draw)

    def _batched(self, order: Tensor, batch: int, seed: int, epoch: int) -> Sequence[Tensor]:
        """Clips of each batch: as they come, or of like length."""
        if self.lengths is None:
            whole: Sequence[Tensor] = order.split(batch)
            return whole
        lengths = self.lengths
        stretches = order.split(batch * SORTED_TOGETHER)
        batches = [
            part for each in stretches for part in each[lengths[each].argsort()].split(batch)
        ]
        places = torch.randperm(len(batches), generator=seeds.generator(seed, "batches", epoch))
        return [batches[place] for place in places.tolist()]

    def evaluation(self, clips: Tensor) -> Iterator[Batch]:
        """Batches of whole, unchanged clips, long ones together; speakers from these clips."""
        places = {int(clip): number for number, clip in enumerate(clips)}
        lengths = {clip: self._length(clip) for clip in places}
        order = sorted(places, key=lengths.__getitem__)
        known = self.speaker_moments.full(clips, clips) if self.speaker_moments else None
        of_sounds = self.source.representation.input_kind == WAVEFORM
        for chosen in torch.tensor(order).split(SOUNDS_BATCH if of_sounds else EVALUATION_BATCH):
            speakers = None if known is None else known[[places[int(clip)] for clip in chosen]]
            features = [self.source.whole(int(clip)) for clip in chosen]
            side_by_side, frames = self._padded(features, None)
            yield Batch(side_by_side, frames, self._one_hot(chosen), speakers, chosen)

    def _length(self, clip: int) -> int:
        """Length of a clip, to put like ones together."""
        if self.lengths is not None:
            return int(self.lengths[clip])
        return int(self.source.whole(clip).shape[-1])

    def moments(self, clips: Tensor) -> Moments:
        """Moments of each clip's whole feature map."""
        return moments_of(self.source, clips)

    def _varied(
        self,
        chosen: Tensor,
        known: dict[int, tuple[Tensor, Tensor]],
        crop: int | None,
        draw: torch.Generator,
    ) -> Batch:
        speakers = self.speaker_moments.drawn(chosen, known, draw) if self.speaker_moments else None
        features, frames = self._padded(self.source.varied(chosen.tolist(), crop, draw), crop)
        if self.change:
            own = frames if frames is not None else torch.full((len(chosen),), features.shape[-1])
            features, own = self.change(features, own, draw)
            frames = None if bool((own == features.shape[-1]).all()) else own
        return Batch(features, frames, self._one_hot(chosen), speakers, chosen)

    def _frames(self, seconds: float) -> int:
        rep = self.source.representation
        return max(1, round(seconds * rep.frame_rate))

    def _one_hot(self, clips: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(self.targets[clips], self.classes).float()

    def _padded(self, features: list[Tensor], width: int | None) -> tuple[Tensor, Tensor | None]:
        """Feature maps side by side, and own frames unless all are full."""
        frames = torch.tensor([values.shape[-1] for values in features])
        longest = int(frames.max())
        rep = self.source.representation
        step = round(SAMPLES_STEP_S * rep.frame_rate) if rep.input_kind == WAVEFORM else FRAME_STEP
        width = max(longest, width or -(-longest // step) * step)
        if rep.summary:  # one frame, which has no lengths to make alike
            width = longest
        silence = rep.silence
        padded = silence.expand(len(features), *silence.shape[:2], width).clone()
        for row, feature_map in zip(padded, features, strict=True):
            row[..., : feature_map.shape[-1]] = feature_map
        return padded, None if bool((frames == width).all()) else frames


def moments_of(source: Source, clips: Tensor) -> Moments:
    """Moments of each clip's whole feature map."""
    parts = []
    for clip in clips.tolist():
        feature_map = source.whole(clip)[None]
        parts.append(Moments.of(feature_map, torch.tensor([feature_map.shape[-1]])))
    return Moments.concatenated(parts)


def class_weights(data: Data, clips: Tensor) -> Tensor:
    """Inverse of the number of clips of each class, 1 on average over the clips; (classes,)."""
    counts = data.targets[clips].bincount(minlength=data.classes).clamp(min=1)
    return len(clips) / (data.classes * counts.float())
