"""A trained model on disk: weights without pickle, and its metadata.

`model.safetensors` holds the weights with the constants of normalisation, `bundle.json` what to
build them into and where they come from, `predictions.parquet` the model's predictions, and
`README.md` is the model card.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ser_core import audio
from ser_core.audio import Waveform
from ser_core.core import ModelError, files
from ser_core.evaluation import Predictions
from ser_core.features.representations import make
from ser_core.models import abilities, networks
from ser_core.models.classifier import EmotionClassifier
from ser_core.models.description import card_of, check_description, line
from ser_core.models.normalisation import Moments
from ser_core.models.predictor import (
    Probabilities,
    SpeakerStatistics,
    checked,
    checked_statistics,
)
from ser_core.storage import atomic

VERSION = 1
BATCH = 32

_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, MemoryError,
    OverflowError, RecursionError, SafetensorError,
)  # fmt: skip
"""What building a model from a damaged or forged description, or from such weights, raises."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model and its metadata; a `Predictor`.

    Attributes:
        model: In evaluation mode.
        about: Content of `bundle.json`: representation, normalisation, network, classes, and what
            the training wrote (recipe, split and its audit, metrics with intervals, licence).
        predictions: Its predictions on the validation and test clips; None when unknown.
    """

    model: EmotionClassifier
    about: dict[str, Any]
    predictions: Predictions | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        return self.model.classes

    @property
    def card(self) -> str:
        """Model card in Markdown."""
        from ser_core.models.card import card

        return card_of(card, self.about)

    @property
    def sample_rate(self) -> int:
        """Of the representation, in Hz."""
        return self.model.representation.sample_rate

    @property
    def enrols(self) -> bool:
        """Whether it normalises by speaker."""
        return self.model.normaliser.by == "speaker"

    @property
    def lacks(self) -> Mapping[str, str]:
        """What cannot be done with its network, and why."""
        encoder = abilities.encoder_of(self.model) is not None
        return abilities.of_network(self.model.spec, encoder=encoder)

    @property
    def members(self) -> tuple[tuple[Bundle, ...], ...]:
        """Itself alone, as an ensemble of one."""
        return ((self,),)

    def pool_for(self, *, enrolled: bool, seen: bool = False) -> None:  # noqa: ARG002
        """No pool: there is one model."""
        return

    def predict_proba(
        self, waveforms: Sequence[npt.NDArray[np.float32]], sample_rate: int
    ) -> Probabilities:
        """Probabilities of the classes for plain arrays.

        Args:
            waveforms: One array of shape (samples,) a sound, full scale ±1.
            sample_rate: Of all of them, in Hz; resampled to the model's where it differs.

        Returns:
            Shape (sounds, classes), rows sum to 1.

        Raises:
            AudioError: If a sound is empty or not finite.
        """
        return self.predict([Waveform(wave, sample_rate) for wave in waveforms])

    def predict(
        self,
        waveforms: Sequence[Waveform],
        speaker: SpeakerStatistics | None = None,
        *,
        seen: bool = False,  # noqa: ARG002
    ) -> Probabilities:
        """Probabilities for sounds of one speaker, who may be enrolled.

        Args:
            waveforms: Sounds.
            speaker: Statistics from `enrol`; None without enrolment.
            seen: Makes no difference: there is one model.

        Returns:
            Shape (sounds, classes), rows sum to 1.

        Raises:
            AudioError: If a sound is empty or not finite.
        """
        if not speaker:
            return self.predict_each(waveforms)
        (statistics,) = speaker
        rows = torch.from_numpy(statistics).expand(len(waveforms), *statistics.shape)
        return self.predict_each(waveforms, rows)

    def predict_each(
        self, waveforms: Sequence[Waveform], speakers: Tensor | None = None
    ) -> Probabilities:
        """Probabilities for sounds of several speakers.

        Args:
            waveforms: Sounds.
            speakers: Statistics from `EmotionClassifier.enrol`, one row a sound, shape (sounds, 3,
                channels, bins); all zero where the speaker is not enrolled.

        Raises:
            ModelError: If what comes out are no probabilities; see `checked`.
        """
        sounds = self._sounds(waveforms)
        result = np.zeros((len(sounds), len(self.classes)))
        for chosen in _batches(sounds):
            own = speakers[chosen] if speakers is not None else None
            result[chosen] = self._probabilities([sounds[i] for i in chosen], own)
        return checked(result, abilities.name_of(self.about))

    def _probabilities(self, sounds: list[Tensor], speakers: Tensor | None) -> Probabilities:
        batch, lengths = pad_batch(sounds)
        with torch.inference_mode():
            logits: Tensor = self.model(batch, lengths, speakers)
            probabilities: Probabilities = logits.double().softmax(-1).numpy()
        return probabilities

    def enrol(self, waveforms: Sequence[Waveform]) -> SpeakerStatistics:
        """Statistics of a speaker from unlabelled clips, one array (3, channels, bins).

        Raises:
            ModelError: If the model does not normalise by speaker.
        """
        if not self.enrols:
            raise ModelError(
                "does not use enrolment",
                subject=str(self.about.get("recipe", {}).get("name", "the model")),
                remedy="Choose a model that is trained with normalisation by speaker",
            )
        sounds = self._sounds(waveforms)
        found = (self.model.enrol(*pad_batch(sounds)).numpy(),)
        return checked_statistics(found, abilities.name_of(self.about))

    def moments(self, waveforms: Sequence[Waveform]) -> Moments:
        """Moments of the feature map of each sound, by which speakers are enrolled."""
        sounds = self._sounds(waveforms)
        parts, order = [], []
        for chosen in _batches(sounds):
            parts.append(self.model.moments(*pad_batch([sounds[i] for i in chosen])))
            order += chosen
        return Moments.concatenated(parts)[torch.tensor(order).argsort()]

    def _sounds(self, waveforms: Sequence[Waveform]) -> list[Tensor]:
        rate = self.sample_rate
        return [torch.from_numpy(audio.resampled(wave, rate).samples) for wave in waveforms]

    def save(self, folder: Path) -> Path:
        """Write the bundle; the folder appears whole or not at all, and replaces an older one.

        Raises:
            ModelError: If it cannot be written.
        """
        with atomic.folder(folder, ModelError) as new:
            tensors = {n: v.contiguous() for n, v in self.model.state_dict().items()}
            try:
                save_file(tensors, new / "model.safetensors")
            except SafetensorError as error:  # what it makes of a full disk
                raise OSError(str(error)) from error
            content = json.dumps({"version": VERSION, **self.about}, indent=1, ensure_ascii=False)
            (new / "bundle.json").write_text(content, encoding="utf-8")
            (new / "README.md").write_text(self.card, encoding="utf-8")
            if self.predictions is not None:
                self.predictions.save(new / "predictions.parquet")
        return folder


def _batches(sounds: Sequence[Tensor]) -> Iterator[list[int]]:
    """Numbers of sounds of like length, a batch at a time."""
    order = sorted(range(len(sounds)), key=lambda i: len(sounds[i]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def architecture(model: EmotionClassifier) -> dict[str, Any]:
    """What the model is built from, as `bundle.json` has it."""
    rep = model.representation
    return {
        "representation": {"name": rep.name, **rep.parameters},
        "representation_hash": rep.hash,
        "normalise": model.normaliser.by,
        "network": networks.as_dict(model.spec),
        "classes": list(model.classes),
    }


def build(about: dict[str, Any]) -> EmotionClassifier:
    """Model of the architecture, for weights to be loaded into."""
    return EmotionClassifier(
        make(**about["representation"]),
        about["normalise"],
        networks.from_dict(about["network"]),
        tuple(about["classes"]),
        pretrained=False,
    )


def load_bundle(folder: Path) -> Bundle:
    """Open a bundle.

    Raises:
        ModelError: If there is none, it is damaged, its description or its weights cannot be those
            of a model, or it was made by a representation that this version computes otherwise.
    """
    try:
        about = files.read_json(folder / "bundle.json")
        check_description(about, VERSION)
        file = files.regular(folder / "model.safetensors", files.WEIGHTS)
        _check_size(about, file.stat().st_size)
        model = build(about)
        _check_fits(model)
        weights = load_file(file)
        _check_weights(weights, model)
        model.load_state_dict(weights)
        trained_on = about["representation_hash"]
    except FileNotFoundError as error:
        raise ModelError(
            "is no bundle", subject=str(folder), remedy="Choose the folder that has a bundle.json"
        ) from error
    except _DAMAGE as error:
        raise ModelError(
            f"is damaged ({line(error)})",
            subject=str(folder),
            remedy="Train or download it again",
        ) from error
    if model.representation.hash != trained_on:
        raise ModelError(
            f"was trained on a {model.representation.name} that this version computes otherwise",
            subject=str(folder),
            remedy="Train it again, or use the version that it was trained with",
        )
    table = folder / "predictions.parquet"
    predictions = Predictions.load(table) if table.exists() else None
    return Bundle(model.eval(), about, predictions)


def _check_size(about: Mapping[str, Any], held: int) -> None:
    """Refuse a network or encoder of more weights than their file can hold, before it is made.

    Args:
        about: Content of `bundle.json`.
        held: Bytes of the file of weights; each weight takes one at least.
    """
    with torch.device("meta"):  # shapes alone, no memory
        parts = [networks.from_dict(about["network"]).build()]
        layers = make(**about["representation"]).layers(pretrained=False)
    parts += [] if layers is None else [layers]
    wanted = sum(
        each.numel()
        for part in parts
        for each in itertools.chain(part.parameters(), part.buffers())
    )
    if wanted > held:
        raise ValueError(f"it has {wanted:,} weights, more than its file of {held:,} bytes holds")


def _check_fits(model: EmotionClassifier) -> None:
    """Refuse a network that is not for the representation and the classes beside it."""
    channels, bins, _ = model.representation.silence.shape
    wanted = {"channels": channels, "bins": bins, "classes": len(model.classes)}
    for name, count in wanted.items():
        own = getattr(model.spec, name, count)
        if own != count:
            raise ValueError(f"its network is for {own} {name}, and there are {count}")


def _check_weights(weights: Mapping[str, Tensor], model: EmotionClassifier) -> None:
    """Refuse weights that are not finite, or of another kind of number than the model's.

    torch would turn integers into floats in silence. Half precision is of the same kind as single:
    an encoder may be kept in it.
    """
    own = model.state_dict()
    for name, values in weights.items():
        if name in own and not _of_a_kind(values.dtype, own[name].dtype):
            raise ValueError(f"weights {name} are {values.dtype}, not {own[name].dtype}")
        if values.is_floating_point() and not values.isfinite().all():
            raise ValueError(f"weights {name} hold NaN or infinite values")


def _of_a_kind(given: torch.dtype, wanted: torch.dtype) -> bool:
    """Whether both are the same, or both numbers with a point."""
    return given == wanted or (given.is_floating_point and wanted.is_floating_point)


def pad_batch(sounds: list[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Batch of sounds padded with zeros, (batch, samples), and their lengths unless all equal."""
    lengths = torch.tensor([len(sound) for sound in sounds])
    return pad_sequence(sounds, batch_first=True), None if bool(
        (lengths == lengths[0]).all()
    ) else lengths
