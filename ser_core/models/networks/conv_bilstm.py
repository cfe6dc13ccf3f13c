"""Convolutions over time and a bidirectional LSTM."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ser_core.core import parameter
from ser_core.models.networks.base import NetworkSpec, network
from ser_core.models.networks.layers import ConvBlock, through
from ser_core.models.networks.resnet import MaskedMean

STAGES = ("layer1", "layer2", "layer3")


@network("conv-bilstm", title="Conv1D and BiLSTM")
@dataclass(frozen=True, kw_only=True)
class ConvBiLstmSpec(NetworkSpec):
    """What a `ConvBiLstm` is built from.

    Attributes:
        filters: Of each convolution over time.
        hidden: Units of the LSTM in each direction.
        dropout: Share of the pooled features that is dropped in training.
        channels: Channels of the features.
        bins: Bins of the features.
        classes: Number of classes.
    """

    stages = STAGES

    filters: int = parameter(128, 1, 1024, "Filters of each convolution over time")
    hidden: int = parameter(64, 1, 1024, "Units of the LSTM in each direction")
    dropout: float = parameter(0.3, 0, 0.99, "Share of features dropped")
    channels: int = 1
    bins: int = 1
    classes: int = 6

    def build(self) -> ConvBiLstm:
        """Convolutions and an LSTM."""
        return ConvBiLstm(self)

    def cost(self, values: float) -> float:
        """Per frame: the convolutions, and the steps of the LSTM, which wait for each other."""
        frames = values / (self.channels * self.bins)
        inner = self.filters * (self.channels * self.bins + self.filters)
        return 2 + frames * (5e-7 * inner + 2e-4 * self.hidden)

    @property
    def words(self) -> str:
        """What it is, within a sentence."""
        return f"Conv1D of {self.filters} filters with a BiLSTM of {self.hidden} units"


class ConvBiLstm(nn.Module):
    """Three convolutions over time, a bidirectional LSTM and the mean over own frames.

    The bins of all channels are what a convolution over time has as channels. The second and the
    third convolution halve the time. The LSTM reads packed sequences, so that its backward
    direction begins at each clip's own last frame.

    Args:
        spec: Its size.
    """

    def __init__(self, spec: ConvBiLstmSpec) -> None:
        super().__init__()
        self.spec = spec
        inputs = spec.channels * spec.bins
        for name in STAGES:
            pool = (1, 1) if name == STAGES[0] else (1, 2)
            block = ConvBlock(inputs, spec.filters, (1, 5), pool=pool)
            setattr(self, name, nn.ModuleList([block]))
            inputs = spec.filters
        self.lstm = nn.LSTM(spec.filters, spec.hidden, batch_first=True, bidirectional=True)
        self.pool = MaskedMean()
        self.dropout = nn.Dropout(spec.dropout)
        self.fc = nn.Linear(2 * spec.hidden, spec.classes)

    def embed(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Pooled states, (batch, channels, bins, n) -> (batch, 2 * hidden).

        Args:
            x: Zero behind each clip's own frames.
            frames: Own frames, shape (batch,); all n when absent.
        """
        x, frames = through([getattr(self, name) for name in STAGES], _rows(x), frames)
        states = self._states(x.squeeze(2).transpose(1, 2), frames)
        pooled: Tensor = self.pool(states.transpose(1, 2).unsqueeze(2), frames)
        return pooled

    def _states(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """States of both directions, (batch, n, filters) -> (batch, n, 2 * hidden)."""
        if frames is None:
            states: Tensor = self.lstm(x)[0]
            return states
        packed = pack_padded_sequence(x, frames.cpu(), batch_first=True, enforce_sorted=False)
        found, _ = pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return found

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """Logits: (batch, channels, bins, n) -> (batch, classes)."""
        logits: Tensor = self.fc(self.dropout(self.embed(x, frames)))
        return logits


def _rows(x: Tensor) -> Tensor:
    """Bins of all channels as channels, (batch, channels, bins, n) -> (batch, all, 1, n)."""
    return x.flatten(1, 2).unsqueeze(2)


__all__ = ["ConvBiLstm", "ConvBiLstmSpec"]
