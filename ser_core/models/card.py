"""Model card: what a model is, what made it, what it scores and what it cannot do, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ser_core.corpora import UNSEEN_GRADES
from ser_core.features.encoders import catalogue as encoders
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
        "Encoder": _encoder(about),
        "Trained on": _training(about),
        "Scores": _scores(about),
        "Limits": LIMITS,
    }
    title = about.get("recipe", {}).get("name", "Speech emotion model")
    body = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items() if text)
    return f"# {title}\n\n{body}\n"


def _architecture(about: Mapping[str, Any]) -> str:
    rep, network = about["representation"], about["network"]
    learned = f" {about['learned']}" if about.get("learned") else ""
    return (
        f"Waveform at {rep['sample_rate']} Hz to probabilities of {', '.join(about['classes'])}: "
        f"{rep['name']} ({about['representation_hash']}), normalised by {about['normalise']}, "
        f"{described(network)}.{learned}"
    )


def _encoder(about: Mapping[str, Any]) -> str:
    """The pretrained encoder of the model; empty where it has none."""
    origin = encoders.encoder_of(about)
    if origin is None:
        return ""
    rep = about["representation"]
    tuned = rep.get("tuned_from")
    weights = f"fine-tuned here from `{tuned}`" if tuned else f"`{origin.weights}`, not changed"
    return f"""\
- Origin: {origin.title}. {origin.how}
- Licence of the encoder: {origin.licence}; it binds this model, which holds the encoder's weights.
- Weights (hash): {weights}; layers {rep["first"]} to {rep["last"]}.
- Pretrained on: {origin.pretrained_on}.{_heard(about)}"""


def _heard(about: Mapping[str, Any]) -> str:
    """Whether the encoder was trained on the corpus of the model."""
    name = (about.get("corpus") or {}).get("name")
    found = encoders.contamination_of([about], str(name)) if name else None
    return f"\n- {found.badge.capitalize()}. {found.said}" if found else ""


def _training(about: Mapping[str, Any]) -> str:
    corpus, split = about.get("corpus"), about.get("split")
    if not corpus or not split:
        return "Not recorded."
    chosen = f"{corpus['validation_clips']} chose the epoch"
    if (about.get("training") or {}).get("refit"):
        chosen = (
            f"and so did {corpus['validation_clips']} more, after a model without them had "
            "predicted them for calibration"
        )
    return f"""\
{_searched(about)}- Corpus: {corpus["name"]}; {corpus["train_clips"]} clips trained the model, \
{chosen}, {corpus["test_clips"]} tested it.
- Licence of the corpus: {corpus["licence"] or "not known"}; it binds what is derived from it.
- Split: {split["policy"]}, fold {split["fold"]}, seed {split["seed"]}, hash `{split["hash"]}`. \
{split["audit"]["reading"]}"""


def _searched(about: Mapping[str, Any]) -> str:
    """Settings that a search chose, as a line; empty without one."""
    found = (about.get("training") or {}).get("search")
    if not found:
        return ""
    chosen = ", ".join(f"{name} = {value:.4g}" for name, value in found["chosen"].items())
    together = (
        "the clips of a speaker stay together"
        if found["kept_together"] == "speaker"
        else "clips are dealt one by one"
    )
    return (
        f"- Settings: {chosen}, the best of {len(found['trials'])} trials by cross-validation "
        f"within the training clips ({found['folds']} folds, {together}): UAR {found['uar']:.3f} "
        f"there, {found['before']:.3f} with the recipe's own settings. No validation or test clip "
        "took part.\n"
    )


def _scores(about: Mapping[str, Any]) -> str:
    metrics = about.get("metrics")
    if not metrics:
        return "Not measured."
    badge = "**Speakers shared: these voices were heard in training.**\n\n"
    shared = about["split"]["audit"]["grade"] not in UNSEEN_GRADES
    rows = [
        f"| {name.upper()} | {value['value']:.3f} | {value['low']:.3f} to {value['high']:.3f} |"
        for name, value in metrics.items()
    ]
    table = "\n".join(["| Test part | Value | 95 % interval |", "|---|---|---|", *rows])
    heard = encoders.contamination_of([about], str((about.get("corpus") or {}).get("name", "")))
    encoder = f"**{heard.badge.capitalize()}.**\n\n" if heard else ""
    return (badge if shared else "") + encoder + table
