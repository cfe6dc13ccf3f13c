"""Card of an ensemble in Markdown: what it is, who has how much say, what it scores, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ser_core.evaluation import BADGES, METRICS
from ser_core.models.card import LIMITS
from ser_core.models.ensemble_terms import FIT_ON, POOLED, SINGLE


def card(about: Mapping[str, Any]) -> str:
    """Card from the content of `ensemble.json`."""
    sections = {
        "What it is": _what(about),
        "Members": _members(about),
        "Encoders": _encoders(about),
        "Trained on": _training(about),
        "Scores": _scores(about),
        "Comparison with baselines": _comparison(about),
        "Confidence": _confidence(about),
        "With enrolment": _enrolled(about),
        "Speakers who were in training": _seen(about),
        "Limits": LIMITS,
    }
    body = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items() if text)
    return f"# {about['name']}\n\n{body}\n"


_POOLED = {
    "linear": "linear pooling",
    "log-linear": "log-linear pooling",
    "vote": "a vote for the likeliest class of each",
    "stacking": "stacking (logistic regression on their log-probabilities; a weight is the "
    "member's share of the coefficients)",
}


def _what(about: Mapping[str, Any]) -> str:
    models = sum(len(member["bundles"]) for member in about["members"])
    enrols = any(member["enrols"] for member in about["members"])
    enrol = " It can enrol a speaker from a few unlabelled clips." if enrols else ""
    return (
        f"Waveform to probabilities of {', '.join(about['classes'])}: {models} models of "
        f"{len(about['members'])} members, pooled by {_POOLED[about['pooling']]}, then calibrated "
        f"by a temperature of {about['temperature']:.3f}.{enrol}"
    )


def _members(about: Mapping[str, Any]) -> str:
    measured = {row["member"]: row for row in about["results"]["weights"]}
    rows = [
        f"| {_cell(member['name'])} | {_weight(measured.get(member['name']))} | "
        f"{_cell(member['representation'])} | {_models(member)} |"
        for member in about["members"]
    ]
    head = [
        "| Member | Weight | 95 % | Representation | Models |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows])


def _weight(row: Mapping[str, Any] | None) -> str:
    """Weight and interval as two cells; a member that was not measured has none."""
    if row is None:
        return "0 | not measured"
    return f"{row['weight']:.3f} | {row['low']:.3f} to {row['high']:.3f}"


def _models(member: Mapping[str, Any]) -> str:
    """Which models predict for a member in use, and whether that is what was measured."""
    count = len(member["bundles"])
    if not count:
        return "not used"
    if member["deployed"]:
        other = member["deployed"]
        clips = f", {other['train_clips']} clips" if other["train_clips"] else ""
        return f"another than was measured: {_cell(other['recipe'])} ({other['policy']}{clips})"
    return "1" if count == 1 else f"{count}, averaged"


def _encoders(about: Mapping[str, Any]) -> str:
    """Pretrained encoders in the members, their licences and data; empty without any."""
    lines = [
        f"- {_cell(member['name'])}: {each['title']}"
        f"{', fine-tuned here' if each['tuned'] else ', not changed'}. Licence of the encoder: "
        f"{each['licence']}; it binds this model, which holds the encoder's weights. Pretrained "
        f"on: {each['pretrained_on']}."
        for member in about["members"]
        if (each := member.get("encoder"))
    ]
    return "\n".join(lines)


def _training(about: Mapping[str, Any]) -> str:
    split, corpus = about["split"], about["corpus"]
    licence = corpus["licence"] or "not known"
    fit = FIT_ON[about["fit_on"]]
    return f"""\
- Corpus: {corpus["name"]}. Licence of the corpus: {licence}; it binds what is derived from it.
- Split: {split["policy"]}, {_folds(split["folds"])}, seed {split["seed"]}, \
hash `{split["hash"]}`, leak grade {split["audit"]["grade"]}. {split["audit"]["reading"]}
- Weights, temperature and threshold: fitted on {about["results"]["fitting_clips"]} clips \
({about["fit_on"]}: {fit}). Every score below is of clips that were not used to fit the \
weights.{_measured(about)}"""


def _folds(number: int) -> str:
    return "one fold" if number == 1 else f"{number} folds"


def _measured(about: Mapping[str, Any]) -> str:
    """What differs between the ensemble that was measured and the one in use."""
    several = any(len(member["bundles"]) > len(member["seeds"]) for member in about["members"])
    said = []
    if several:
        said.append(
            "Each clip was tested with the model of the fold that was not trained on it; in use "
            "the models of all folds are averaged, which was not tested."
        )
    said.append(in_use(about))
    return "".join(f"\n- {sentence}" for sentence in said if sentence)


def in_use(about: Mapping[str, Any]) -> str:
    """Where other models predict than were measured: both, in one sentence; else empty."""
    others = [member["deployed"] for member in about["members"] if member["deployed"]]
    if not others:
        return ""
    split = about["split"]
    policies = " and ".join(sorted({f"a {other['policy']} split" for other in others}))
    clips = max(other["train_clips"] or 0 for other in others)
    many = f" {clips:,} clips of" if clips else ""
    return (
        f"The scores are of models trained with {split['policy']} ({_folds(split['folds'])}), "
        f"each tested on clips it was not trained on; the models in use were trained on{many} "
        f"{policies} of the same corpus: expect these scores on speakers outside the corpus, and "
        "higher ones on those inside it."
    )


def _scores(about: Mapping[str, Any]) -> str:
    badge = BADGES.get(about["split"]["audit"]["grade"], BADGES["unknown"])
    rows = [
        f"| {METRICS[name].title} | {_figure(found)} | {found['method']} |"
        for name, found in about["metrics"].items()
    ]
    head = f"| {about['results']['test_clips']} test clips | Value | 95 % interval |  |"
    table = "\n".join([head, "|---|---|---|---|", *rows])
    return f"**Badge: {badge}.**\n\n{table}" if badge else table


def _figure(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "– | –"
    if found["low"] is None or found["high"] is None:
        return f"{found['value']:.3f} | –"
    return f"{found['value']:.3f} | {found['low']:.3f} to {found['high']:.3f}"


def _comparison(about: Mapping[str, Any]) -> str:
    rows = about["results"]["comparison"]
    lines = [sentence for figure in ("uar", "nll") for sentence in sentences(rows, figure)]
    single = about["results"]["best_single"]
    notes = about["results"]["notes"]
    return "\n".join(
        [*(f"- {line}" for line in lines), f"- Best single member: {_cell(single)}.",
         *(f"- {note}" for note in notes)]
    )  # fmt: skip


def sentences(comparison: Sequence[Mapping[str, Any]], figure: str) -> list[str]:
    """The ensemble against each simpler pool, in plain words.

    Args:
        comparison: Rows as `compare.comparison` gives them.
        figure: Name in `METRICS`.
    """
    rows = [row for row in comparison if row["figure"] == figure and row["contestant"] != POOLED]
    return [_sentence(row, figure) for row in rows]


NOTHING = 5e-4
"""A difference that three decimals do not show."""

_WHOM = {SINGLE: f"the {SINGLE}"}


def _sentence(row: Mapping[str, Any], figure: str) -> str:
    whom = _WHOM.get(row["contestant"], row["contestant"])
    title, difference = METRICS[figure].title, row["difference"]
    low, high = row["difference_low"], row["difference_high"]
    if abs(difference) < NOTHING:
        return f"{title}: no different from {whom}."
    ahead = (difference > 0) == METRICS[figure].higher_is_better
    way = "better" if ahead else "worse"
    if low is None or high is None:
        return f"{title}: {abs(difference):.3f} {way} than {whom}."
    low, high = sorted((low, high) if difference > 0 else (-low, -high))
    chance = "" if low > 0 else ", not significant"
    return (
        f"{title}: {abs(difference):.3f} {way} than {whom} (95 %: {low:.3f} to {high:.3f}){chance}."
    )


def _confidence(about: Mapping[str, Any]) -> str:
    before, after = about["results"]["before"]["ece"], about["metrics"]["ece"]
    text = (
        f"ECE before calibration {before['value']:.3f}, after {after['value']:.3f}; a perfectly "
        f"calibrated model would show about {about['results']['ece_by_chance']:.3f} on so many "
        "clips."
    )
    threshold, done = about["threshold"], about["results"]["rejection"]
    if threshold is None or done is None:
        return f"{text} No threshold keeps the wanted risk: every prediction is uncertain."
    risk = "–" if done["risk"] is None else f"{100 * done['risk']:.1f} %"
    return (
        f"{text} Predictions of a confidence below the rejection threshold of {threshold:.3f} "
        f"are uncertain. On the test clips coverage is {100 * done['coverage']:.0f} %, and "
        f"{risk} of the covered ones are wrong."
    )


def _enrolled(about: Mapping[str, Any]) -> str:
    """What changes when the speaker is enrolled; empty where nothing does."""
    if "enrolled" not in about:
        return ""
    return (
        "Members that use enrolment had every speaker enrolled here, with all unlabelled clips "
        "of the speaker in the same part; with fewer clips expect less. Weights, temperature and "
        f"threshold differ.\n\n{_other(about, 'enrolled')}"
    )


def _seen(about: Mapping[str, Any]) -> str:
    """What changes for a speaker of whom clips were in training; empty where nothing does."""
    if "seen" not in about:
        return ""
    split = about["seen"]["split"]
    return (
        "For a speaker of whom other clips were in training, and who is not enrolled, weights, "
        f"temperature and threshold differ. They were measured on the {split['policy']} split "
        f"(seed {split['seed']}, hash `{split['hash']}`, leak grade {split['audit']['grade']}), "
        "whose training clips made the models in use, and fitted on "
        f"{about['seen']['results']['fitting_clips']} of its {about['seen']['fit_on']} clips. "
        "These scores say nothing about other speakers.\n\n"
        f"{_other(about, 'seen')}"
    )


def _other(about: Mapping[str, Any], key: str) -> str:
    """Weights, scores, comparison and confidence for some speakers."""
    known = {**about, **about[key]}
    rows = [
        f"| {_cell(row['member'])} | {row['weight']:.3f} | {row['low']:.3f} to {row['high']:.3f} |"
        for row in known["results"]["weights"]
    ]
    weights = "\n".join(["| Member | Weight | 95 % |", "|---|---|---|", *rows])
    return f"{weights}\n\n{_scores(known)}\n\n{_comparison(known)}\n\n{_confidence(known)}"


def _cell(text: str) -> str:
    """Text that does not end a cell of a table."""
    return str(text).replace("|", "/").replace("\n", " ")
