"""Model card: what a model is, what made it, what it scores and what it cannot do, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ser_core.models.networks import described

LIMITS = """\
- The figures hold for speech like that of the corpus: its language, its acted emotions, its
  rooms and microphones. Nothing is known of other speech.
- Emotion is guessed from sound alone. A voice does not prove a feeling: do not decide over people
  by it.
- Answers of low confidence are often wrong; treat them as "uncertain"."""


def card(about: Mapping[str, Any]) -> str:
    """Model card from the content of `bundle.json`."""
    sections = {
        "What it is": _architecture(about),
        "Trained on": _training(about),
        "Scores": _scores(about),
        "Limits": LIMITS,
    }
    title = about.get("recipe", {}).get("name", "Speech emotion model")
    body = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items() if text)
    return f"# {title}\n\n{body}\n"


def _architecture(about: Mapping[str, Any]) -> str:
    rep, network = about["representation"], about["network"]
    return (
        f"Waveform at {rep['sample_rate']} Hz to probabilities of {', '.join(about['classes'])}: "
        f"{rep['name']} ({about['representation_hash']}), normalised by {about['normalise']}, "
        f"{described(network)}."
    )


def _training(about: Mapping[str, Any]) -> str:
    corpus, split = about.get("corpus"), about.get("split")
    if not corpus or not split:
        return "Not recorded."
    return f"""\
- Corpus: {corpus["name"]}; {corpus["train_clips"]} clips trained the model, \
{corpus["validation_clips"]} chose the epoch, {corpus["test_clips"]} tested it.
- Licence of the corpus: {corpus["licence"] or "not known"}; it binds what is derived from it.
- Split: {split["policy"]}, fold {split["fold"]}, seed {split["seed"]}, hash `{split["hash"]}`. \
{split["audit"]["reading"]}"""


def _scores(about: Mapping[str, Any]) -> str:
    metrics = about.get("metrics")
    if not metrics:
        return "Not measured."
    badge = "**Speakers shared: these voices were heard in training.**\n\n"
    shared = about["split"]["audit"]["grade"] not in ("A", "B")
    rows = [
        f"| {name.upper()} | {value['value']:.3f} | {value['low']:.3f} to {value['high']:.3f} |"
        for name, value in metrics.items()
    ]
    table = "\n".join(["| Test part | Value | 95 % interval |", "|---|---|---|", *rows])
    return (badge if shared else "") + table
