"""Labels and classes: unknown ones, repeated rows, what is left out, unequal sizes."""

from __future__ import annotations

from ser_core.corpora.checks.problems import NO_EMOTION, REPEATED, with_problem
from ser_core.corpora.issues import Evidence, Issue, check, listed, number, sentence

CLASS_RATIO = 1.5


@check("left-out")
def left_out(evidence: Evidence) -> Issue | None:
    """Clips that the user leaves out."""
    found = evidence.corpus.left_out
    if found.empty:
        return None
    kinds = found["problem"].value_counts()
    detail = listed(f"{text} ({many:,})" for text, many in kinds.items())
    return Issue(
        f"{number(len(found), 'clip')} left out by you", "info", list(found.index),
        "They are in no training and no test.", sentence(detail),
    )  # fmt: skip


@check("labels", "unknown labels")
def labels(evidence: Evidence) -> Issue | None:
    """Labels that are in no vocabulary."""
    remedy = (
        "Name the emotion of each label on the page Corpus or by --label LABEL=EMOTION, or leave "
        "the clips out."
    )
    return with_problem(evidence, NO_EMOTION, "without a known emotion", remedy)


@check("repeated", "repeated rows")
def repeated(evidence: Evidence) -> Issue | None:
    """Files that the table lists again."""
    remedy = "Remove the repeated rows; where they contradict each other, none of them is used."
    return with_problem(evidence, REPEATED, "listed more than once", remedy)


@check("unlabelled")
def unlabelled(evidence: Evidence) -> Issue | None:
    """Clips that are there to be predicted."""
    found = evidence.corpus.unlabelled
    if found.empty:
        return None
    return Issue(
        f"{number(len(found), 'clip')} without a label, to be predicted",
        "info",
        list(found.index),
        "Predict them on the page Predict, Many recordings, or by predict --submission.",
        "They are left out of training and of every test.",
    )


@check("classes", "class imbalance")
def classes(evidence: Evidence) -> Issue | None:
    """Emotions with far fewer clips than others."""
    emotion = evidence.usable["emotion"]
    counts = emotion.value_counts()
    if len(counts) == 1:
        return Issue(
            "One class only",
            "error",
            list(emotion.index),
            "Map the labels, or read them from another column or from the paths: there is nothing "
            "to tell apart.",
            f"All {len(emotion):,} usable clips are {counts.index[0]}.",
        )
    if len(counts) < 2 or counts.max() < CLASS_RATIO * counts.min():
        return None
    ratio = counts.max() / counts.min()
    few = counts.index[counts * CLASS_RATIO <= counts.max()]
    return Issue(
        "Class imbalance: emotions of unequal size",
        "warning" if ratio >= 3 else "info",
        list(emotion.index[emotion.isin(few)]),
        "Read UAR rather than accuracy, and weight the classes in training.",
        f"{counts.index[0]} has {ratio:.1f} times the clips of {counts.index[-1]}: "
        + listed((f"{name} {count:,}" for name, count in counts.items()), 10)
        + ".",
    )
