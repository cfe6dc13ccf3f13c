"""How much the speaker says of the emotion: where it says much, a score may be of voices.

The measure is the mutual information of speaker and emotion as a share of the entropy of the
emotion (the uncertainty coefficient of Theil, 1970), adjusted for chance as the adjusted mutual
information of Vinh, Epps & Bailey (2010) is: with few clips a speaker some information is there by
accident, and what is expected of clips dealt at random is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

DRAWS = 200
"""Random assignments of the emotions, for the level of chance."""

NOTABLE, STRONG = 0.1, 0.5
"""Adjusted shares from which on it is warned of, and from which on it changes a grade."""

Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Confounding:
    """What the speaker says of the emotion.

    Attributes:
        share: Of the entropy of the emotion that the speaker explains, 0 to 1.
        chance: The same where emotions are dealt at random, the mean of `DRAWS`.
        extreme: The largest that was dealt.
        single: Speakers with one emotion alone.
        speakers: Speakers in all.
    """

    share: float
    chance: float
    extreme: float
    single: int
    speakers: int

    @property
    def adjusted(self) -> float:
        """Share beyond chance: 0 for chance, 1 where each speaker has one emotion."""
        room = 1 - self.chance
        return max(0.0, (self.share - self.chance) / room) if room > 0 else 0.0

    @property
    def is_notable(self) -> bool:
        """Whether it is to be warned of."""
        return self.share > self.extreme and self.adjusted >= NOTABLE

    @property
    def is_strong(self) -> bool:
        """Whether a score may be one of voices rather than of emotions."""
        return self.share > self.extreme and self.adjusted >= STRONG

    @property
    def said(self) -> str:
        """In one sentence."""
        return (
            f"The speaker alone says {self.share:.0%} of which emotion it is ({self.chance:.0%} "
            f"would be chance), and {self.single} of {self.speakers} speakers have one emotion only"
        )


ENROLMENT = (
    "Normalising by speaker takes away what a speaker's clips have in common, and here that is "
    "their emotion: expect lower scores with enrolled speakers"
)
"""What follows for enrolment."""


def confounding(clips: pd.DataFrame, seed: int = 0) -> Confounding | None:
    """Confounding of speaker and emotion; None where there are not two of each.

    Args:
        clips: Rows of `Corpus.clips`; those without speaker or emotion do not count.
        seed: Of the random assignments.
    """
    known = clips.dropna(subset=["speaker", "emotion"])
    speakers, emotions = (known[name].factorize()[0] for name in ("speaker", "emotion"))
    if len(set(speakers)) < 2 or len(set(emotions)) < 2:
        return None
    rng = np.random.default_rng(seed)
    dealt = [_share(speakers, rng.permutation(emotions)) for _ in range(DRAWS)]
    each = known.groupby("speaker")["emotion"].nunique()
    return Confounding(
        share=_share(speakers, emotions),
        chance=float(np.mean(dealt)),
        extreme=float(np.max(dealt)),
        single=int((each == 1).sum()),
        speakers=len(each),
    )


def _share(speakers: Codes, emotions: Codes) -> float:
    """Mutual information over the entropy of the emotions."""
    width = int(emotions.max()) + 1
    joint = np.bincount(speakers * width + emotions, minlength=(int(speakers.max()) + 1) * width)
    table = joint.reshape(-1, width) / len(emotions)
    entropy = _entropy(table.sum(axis=0))
    return (entropy + _entropy(table.sum(axis=1)) - _entropy(table.ravel())) / entropy


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    given = shares[shares > 0]
    return float(-(given * np.log(given)).sum())
