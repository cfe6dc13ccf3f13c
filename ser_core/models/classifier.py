"""The whole model of one network: waveform in, logits of the emotions out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ser_core.features.representations import FrontEnd, Representation
from ser_core.models.networks import NetworkSpec
from ser_core.models.normalisation import Moments, Normaliser


class EmotionClassifier(nn.Module):
    """Front-end, normalisation and network as one module, so they cannot drift apart.

    Args:
        representation: What the network sees.
        normalise: Key of `ser_core.models.normalisation.BY`.
        network: What the network is built from, made for the representation and the classes.
        classes: Emotions in the order of the outputs.
        pretrained: Whether a front-end with weights comes with them; otherwise its own are loaded
            into it afterwards.
    """

    def __init__(
        self,
        representation: Representation,
        normalise: str,
        network: NetworkSpec,
        classes: tuple[str, ...],
        *,
        pretrained: bool = True,
    ) -> None:
        super().__init__()
        channels, bins, _ = representation.silence.shape
        self.representation = representation
        self.classes = classes
        self.front_end = FrontEnd(representation, pretrained=pretrained)
        self.normaliser = Normaliser(normalise, channels, bins, summary=representation.summary)
        self.network = network.build()
        self.spec = network

    def logits(
        self, features: Tensor, frames: Tensor | None = None, speakers: Tensor | None = None
    ) -> Tensor:
        """Logits of feature maps.

        Args:
            features: Not yet normalised, shape (batch, channels, bins, n).
            frames: Own frames of each, shape (batch,); n when absent.
            speakers: As in `forward`.

        Returns:
            Shape (batch, classes).
        """
        normalised = self.normaliser(features, frames, speakers)
        scores: Tensor = self.network(normalised, frames)
        return scores

    def forward(
        self, waveforms: Tensor, lengths: Tensor | None = None, speakers: Tensor | None = None
    ) -> Tensor:
        """Logits of sounds.

        Args:
            waveforms: Shape (batch, samples), full scale ±1, at the representation's sample rate.
            lengths: Samples of each sound, shape (batch,); full length when absent.
            speakers: Statistics of each speaker, as `enrol` gives them, shape (batch, 3, channels,
                bins); only a model that normalises by speaker uses them.

        Returns:
            Shape (batch, classes).
        """
        features = self.front_end(waveforms, lengths)
        return self.logits(features, self._frames(lengths), speakers)

    @torch.no_grad()
    def enrol(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Enrol a speaker from unlabelled clips.

        Args:
            waveforms: Clips of the one speaker, shape (clips, samples), full scale ±1.
            lengths: Samples of each clip, shape (clips,); full length when absent.

        Returns:
            Mean, spread and number of frames, shape (3, channels, bins).
        """
        return self.moments(waveforms, lengths).statistics()

    @torch.no_grad()
    def moments(self, waveforms: Tensor, lengths: Tensor | None = None) -> Moments:
        """Moments of the feature map of each clip, by which speakers are enrolled.

        Args:
            waveforms: As for `enrol`, of any speakers.
            lengths: As for `enrol`.
        """
        features = self.front_end(waveforms, lengths)
        frames = self._frames(lengths)
        if frames is None:
            frames = torch.full((len(features),), features.shape[-1], device=features.device)
        return Moments.of(features, frames)

    def _frames(self, lengths: Tensor | None) -> Tensor | None:
        return None if lengths is None else self.representation.frames(lengths)
