"""Probabilistic LDA of mean cepstra: variation between speakers and within one, and error rates.

`python -m ser_core.inference.plda CORPUS` measures a corpus, writes the PLDA model that
`ser_core.inference.speaker_verification` reads, and prints its error rates on speakers
that it was not fitted on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core import audio
from ser_core.corpora import Corpus, open_corpus
from ser_core.inference.speaker_verification import DOUBTFUL, FILE, Floats, Plda, mean_cepstrum
from ser_core.storage import atomic

SHRINKAGE = {"within": 0.1, "between": 0.3}
"""How far each covariance is drawn towards the same variance everywhere: speakers are few."""

TRIALS, TESTED = 20, 20
DIGITS = 3


@dataclass(frozen=True)
class VerificationRates:
    """Error rates of speaker verification.

    Attributes:
        enrolled: Number of enrolled clips.
        alarms: Share of the speaker's own other clips that were doubted: false alarms.
        worst: The same for the speaker with the most.
        caught: Share of clips of other speakers that were doubted.
        caught_alike: The same for speakers of the same gender.
    """

    enrolled: int
    alarms: float
    worst: float
    caught: float
    caught_alike: float

    def __str__(self) -> str:
        """A line to print."""
        return (
            f"{self.enrolled} enrolled: {self.alarms:.1%} false alarms ({self.worst:.1%} for the "
            f"worst speaker), {self.caught:.1%} of other speakers caught, "
            f"{self.caught_alike:.1%} of those of the same gender"
        )


def fitted(timbres: Floats, speakers: npt.NDArray[np.str_]) -> Plda:
    """Mean and covariances, from timbres (clips, 19) of at least two speakers."""
    names = sorted(set(speakers))
    means = np.stack([timbres[speakers == name].mean(axis=0) for name in names])
    around = timbres - means[np.searchsorted(names, speakers)]
    within = around.T @ around / (len(timbres) - len(names))
    scale = np.sqrt(np.diag(within))
    unit = np.outer(scale, scale)
    return Plda(
        means.mean(axis=0),
        _shrunk(within / unit, SHRINKAGE["within"]) * unit,
        _shrunk(np.cov((means / scale).T), SHRINKAGE["between"]) * unit,
    )


def _shrunk(covariance: Floats, share: float) -> Floats:
    even = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
    drawn: Floats = (1 - share) * covariance + share * even
    return drawn


def rates(
    timbres: Floats, clips: pd.DataFrame, enrolled: int, among: str = ""
) -> VerificationRates:
    """Try every pair of speakers with a PLDA model that neither of them is in.

    Args:
        timbres: A row a clip, shape (clips, 19).
        clips: Rows of the corpus with `speaker`, `gender` and `emotion`, alike.
        enrolled: Number of clips to enrol, drawn anew in each trial.
        among: Emotion that these are drawn from; any when empty.
    """
    found = pd.DataFrame(_trials(timbres, clips, enrolled, among))
    own = found[found["same"]]
    others = found[~found["same"]]
    return VerificationRates(
        enrolled,
        float(own["doubted"].mean()),
        float(own.groupby("voice")["doubted"].mean().max()),
        float(others["doubted"].mean()),
        float(others.loc[others["alike"], "doubted"].mean()),
    )


def _trials(
    timbres: Floats, clips: pd.DataFrame, enrolled: int, among: str
) -> Iterator[dict[str, object]]:
    random = np.random.default_rng(0)
    speakers = clips["speaker"].to_numpy(str)
    gender = dict(zip(speakers, clips["gender"].to_numpy(str), strict=True))
    allowed = (clips["emotion"] == among).to_numpy(np.bool_) if among else speakers != ""
    for pair in combinations(sorted(set(speakers)), 2):
        others = ~np.isin(speakers, pair)
        model = fitted(timbres[others], speakers[others])
        for speaker, other in (pair, pair[::-1]):
            pool = np.flatnonzero((speakers == speaker) & allowed)
            for _ in range(TRIALS):
                own = random.choice(pool, enrolled, replace=False)
                for name in (speaker, other):
                    tested = np.setdiff1d(np.flatnonzero(speakers == name), own)
                    tested = random.choice(tested, min(TESTED, len(tested)), replace=False)
                    doubted = model.odds(timbres[own], timbres[tested]) < DOUBTFUL
                    about = {"voice": speaker, "same": name == speaker}
                    about["alike"] = gender[speaker] == gender[name]
                    yield from ({**about, "doubted": bool(each)} for each in doubted)


def corpus_cepstra(corpus: Corpus) -> tuple[Floats, pd.DataFrame]:
    """Mean cepstra of all clips with a speaker, and their rows."""
    rows = corpus.usable[corpus.usable["speaker"].notna()]
    waves = (audio.load(corpus.path(str(clip))) for clip in rows.index)
    return np.stack([mean_cepstrum(wave) for wave in waves]), rows


def written(model: Plda, corpus: Corpus) -> str:
    """A PLDA model as JSON, with what it was measured on."""
    about = {"corpus": corpus.name, "clips": len(corpus.usable), "voices": len(corpus.speakers)}
    parts = {
        name: getattr(model, name).round(DIGITS).tolist()
        for name in ("centre", "within", "between")
    }
    return json.dumps({**about, **parts}) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Measure a corpus, write the PLDA model, and print its error rates."""
    corpus = open_corpus(Path(arguments[0]))
    timbres, rows = corpus_cepstra(corpus)
    for among in ("", "neutral"):
        for enrolled in (1, 3, 5, 10):
            said = f"{among or 'any emotion'}, {rates(timbres, rows, enrolled, among)}"
            sys.stdout.write(f"{said}\n")
    atomic.write(FILE, written(fitted(timbres, rows["speaker"].to_numpy(str)), corpus))


if __name__ == "__main__":
    main(sys.argv[1:])
