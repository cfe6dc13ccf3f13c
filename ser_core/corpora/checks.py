"""The checks of an audit, one function for each kind of fault; they register themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ser_core.audio import CANCELLED_DB, SAMPLE_RATE
from ser_core.core import files
from ser_core.corpora.confounding import ENROLMENT, confounding
from ser_core.corpora.corpus import LEFT_OUT, UNLABELLED
from ser_core.corpora.issues import Evidence, Issue, Severity, check, listed, number
from ser_core.corpora.parts import are_folds, are_parts
from ser_core.corpora.tables import LFS_PROBLEM
from ser_core.corpora.unlabelled import known_sounds

CLIPPED_SHARE = 0.001
QUIET_DB = -50.0
SHORT_SECONDS = 0.3
LONG_SECONDS = 30.0
LONG_TIMES = 5
CLASS_RATIO = 1.5
FEW_CLIPS = 0.6


def _problems(
    evidence: Evidence, beginnings: tuple[str, ...], title: str, remedy: str
) -> Issue | None:
    """Card for the clips whose problem begins in one of these ways."""
    problem = evidence.clips["problem"]
    found = problem[problem.str.startswith(beginnings)]
    if found.empty:
        return None
    kinds = found.value_counts()
    detail = listed(f"{text} ({count:,})" for text, count in kinds.items())
    title = f"{number(len(found), 'clip')} {title}"
    return Issue(title, "error", list(found.index), remedy, _sentence(detail))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "." if text else ""


OUTSIDE = ("the path ", "a link ")
MISSING = ("the file is missing", "the row names no file")
REPEATED = ("listed more than once",)
NO_EMOTION = ("unknown label", "it has no label")
UNKNOWN_NAME = ("unknown name",)
POINTER = (LFS_PROBLEM,)


_ELSEWHERE = (
    *(*OUTSIDE, *MISSING, *REPEATED, *NO_EMOTION, *UNKNOWN_NAME, *POINTER),
    *(UNLABELLED, LEFT_OUT),
)
"""Beginnings of problems that have a card of their own."""


@check("missing", "missing files")
def missing(evidence: Evidence) -> Issue | None:
    """Clips that the corpus lists and the disk does not have."""
    remedy = "Copy the missing files into the corpus folder; until then they are left out."
    return _problems(evidence, MISSING, "without a file", remedy)


@check("outside", "files outside the folder")
def outside(evidence: Evidence) -> Issue | None:
    """Paths that leave the corpus folder."""
    remedy = "Move the files into the corpus folder and correct the table; they are not opened."
    return _problems(evidence, OUTSIDE, "outside the corpus folder", remedy)


@check("unreadable", "unreadable files")
def unreadable(evidence: Evidence) -> Issue | None:
    """Files that are no sound, by their header or when decoded."""
    clips = evidence.clips
    problem = clips["scan_problem"].where(clips["scan_problem"] != "", clips["problem"])
    elsewhere = problem.str.startswith(_ELSEWHERE)
    found = problem[(problem != "") & ~elsewhere]
    if found.empty:
        return None
    detail = listed(f"{text} ({count:,})" for text, count in found.value_counts().items())
    return Issue(
        f"{number(len(found), 'clip')} cannot be read",
        "error",
        list(found.index),
        "Copy or convert them again; until then they fail when used.",
        _sentence(detail),
    )


@check("unknown-names", "files with names that the reader does not know")
def unknown_names(evidence: Evidence) -> Issue | None:
    """Files whose names are not of the scheme of the corpus."""
    remedy = (
        "They may belong to another corpus, or be renamed: take a reader that reads them "
        "(--reader), or move them out of the folder."
    )
    return _problems(evidence, UNKNOWN_NAME, "with a name that the reader does not know", remedy)


@check("pointers", "pointers of Git LFS in place of files")
def pointers(evidence: Evidence) -> Issue | None:
    """Files that were not fetched."""
    remedy = "Fetch the sound files in the folder of the corpus: git lfs pull."
    return _problems(evidence, POINTER, "not fetched: Git LFS left a pointer to each", remedy)


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
        "They are in no training and no test.", _sentence(detail),
    )  # fmt: skip


@check("labels", "unknown labels")
def labels(evidence: Evidence) -> Issue | None:
    """Labels that are in no vocabulary."""
    remedy = (
        "Name the emotion of each label on the page Corpus or by --label LABEL=EMOTION, or leave "
        "the clips out."
    )
    return _problems(evidence, NO_EMOTION, "without a known emotion", remedy)


@check("repeated", "repeated rows")
def repeated(evidence: Evidence) -> Issue | None:
    """Files that the table lists again."""
    remedy = "Remove the repeated rows; where they contradict each other, none of them is used."
    return _problems(evidence, REPEATED, "listed more than once", remedy)


def _conflict(evidence: Evidence, column: str, title: str, remedy: str) -> Issue | None:
    """Card for identical sound with different values in a column."""
    clips = evidence.by_content.dropna(subset=[column])
    values = clips.groupby("sha256")[column].transform("nunique")
    found = clips[values > 1]
    if found.empty:
        return None
    groups = found.groupby("sha256")[column].unique().map(lambda names: " / ".join(sorted(names)))
    detail = f"Identical sound as {listed(sorted(set(groups)))}."
    return Issue(
        f"{number(len(found), 'clip')} {title}", "error", list(found.index), remedy, detail
    )


@check("two-labels", "one sound with two emotions", by_ear=True)
def two_labels(evidence: Evidence) -> Issue | None:
    """The same recording under two emotions."""
    remedy = "Listen and keep the right label."
    return _conflict(evidence, "emotion", "with one sound and two emotions", remedy)


@check("two-speakers", "one sound with two speakers", by_ear=True)
def two_speakers(evidence: Evidence) -> Issue | None:
    """The same recording under two speakers."""
    remedy = "Correct the speaker: otherwise a speaker-disjoint split has the clip in both parts."
    return _conflict(evidence, "speaker", "with one sound and two speakers", remedy)


@check("duplicates", "identical recordings", by_ear=True)
def duplicates(evidence: Evidence) -> Issue | None:
    """Recordings that occur more than once."""
    found = evidence.by_content
    if found.empty:
        return None
    groups = found.groupby("sha256").size()
    return Issue(
        f"{number(len(found), 'clip')} with identical sound",
        "warning",
        list(found.index),
        "Keep one of each: a copy in training and one in the test is a leak.",
        f"{number(len(groups), 'recording')} {'occurs' if len(groups) == 1 else 'occur'} "
        f"{groups.max()} times at the most.",
    )


@check("known-sounds", "unlabelled clips that are labelled under another name", by_ear=True)
def known_unlabelled(evidence: Evidence) -> Issue | None:
    """Unlabelled clips whose sound a labelled clip has too."""
    found = known_sounds(evidence.corpus, evidence.scan)
    if not found:
        return None
    remedy = (
        "Take the labelled copy out of the training table: a model that was trained on it knows "
        "the answer, and its score on the unlabelled part says too much."
    )
    pairs = listed(f"{clip} is {' and '.join(same)}" for clip, same in found.items())
    title = f"{number(len(found), 'unlabelled clip')} with the sound of a labelled one"
    clips = [*found, *(same for group in found.values() for same in group)]
    return Issue(title, "error", list(dict.fromkeys(clips)), remedy, f"Identical sound: {pairs}.")


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


def _measured(
    evidence: Evidence, column: str, found: Callable[[pd.Series[float]], pd.Series[bool]]
) -> pd.Series[float]:
    """Values of the usable clips for which `found` holds; none when the column was not measured."""
    if column not in evidence.usable:
        return pd.Series(dtype=float)
    values = evidence.usable[column].dropna()
    return values[found(values)]


def _value_issue(
    found: pd.Series[float], title: str, extreme: str, remedy: str, severity: Severity = "warning"
) -> Issue | None:
    if found.empty:
        return None
    return Issue(
        f"{number(len(found), 'clip')} {title}", severity, list(found.index), remedy, extreme
    )


@check("clipping", "clipped sound", by_ear=True)
def clipping(evidence: Evidence) -> Issue | None:
    """Recordings driven into full scale."""
    found = _measured(evidence, "clipped", lambda share: share >= CLIPPED_SHARE)
    detail = f"More than {CLIPPED_SHARE:.1%} of their samples are at full scale, at worst "
    detail += f"{found.max():.1%}." if len(found) else ""
    remedy = "Record at a lower level; distortion is a shortcut that a model may learn."
    return _value_issue(found, "clipped", detail, remedy)


@check("silence", "near silence", by_ear=True)
def silence(evidence: Evidence) -> Issue | None:
    """Recordings with next to no sound."""
    found = _measured(evidence, "rms_db", lambda level: level < QUIET_DB)
    detail = f"Below {QUIET_DB:g} dB of full scale, the quietest at "
    detail += f"{found.min():.0f} dB." if len(found) else ""
    return _value_issue(found, "nearly silent", detail, "Listen, and leave out the empty ones.")


@check("short", "very short clips")
def short(evidence: Evidence) -> Issue | None:
    """Clips too short to hold an emotion."""
    found = _measured(evidence, "duration", lambda seconds: seconds < SHORT_SECONDS)
    detail = f"Under {SHORT_SECONDS:g} s, the shortest "
    detail += f"{found.min():.2f} s." if len(found) else ""
    remedy = "Check that they were not cut; some representations need longer sound."
    return _value_issue(found, "very short", detail, remedy)


@check("long", "very long clips")
def long(evidence: Evidence) -> Issue | None:
    """Clips too long to hold one emotion, or far longer than the others."""
    usual = float(evidence.usable["duration"].median())
    limit = min(LONG_SECONDS, LONG_TIMES * usual)
    found = _measured(evidence, "duration", lambda seconds: seconds > limit)
    detail = f"Over {limit:.1f} s where the median is {usual:.1f} s, the longest "
    detail += f"{found.max():.1f} s." if len(found) else ""
    remedy = "Cut them into utterances, or check that the speech was cut out of its recording."
    return _value_issue(found, "very long", detail, remedy)


def _mix(evidence: Evidence, column: str, title: str, remedy: str, *units: str) -> Issue | None:
    """Card for the clips that differ from the most common value."""
    values = evidence.usable[column].dropna()
    counts = values.value_counts()
    if len(counts) < 2:
        return None
    rest = values[values != counts.index[0]]
    detail = listed(
        f"{number(value, *units)}: {number(count, 'clip')}"
        for value, count in zip(counts.index, counts, strict=True)
    )
    return Issue(title, "warning", list(rest.index), remedy, _sentence(detail))


@check("sample-rates", "mixed sample rates")
def sample_rates(evidence: Evidence) -> Issue | None:
    """More than one sample rate."""
    remedy = "All are resampled on loading; check that the rate does not go with the emotion or the"
    remedy += " speaker, since missing high frequencies are a shortcut."
    return _mix(evidence, "sample_rate", "Different sample rates", remedy, "Hz", "Hz")


@check("channels", "mixed channels")
def channels(evidence: Evidence) -> Issue | None:
    """Mono and stereo side by side."""
    remedy = (
        "All are mixed to one channel on loading; check that the channels carry the same speaker."
    )
    return _mix(evidence, "channels", "Different numbers of channels", remedy, "channel")


@check("cancelling", "channels that cancel each other", by_ear=True)
def cancelling(evidence: Evidence) -> Issue | None:
    """Clips whose channels cancel in their mean."""
    found = _measured(evidence, "mix_loss", lambda loss: loss > CANCELLED_DB)
    return _value_issue(
        found,
        "with channels that cancel each other",
        "",
        "The loudest channel is taken in place of their mean; check how they were recorded.",
        "info",
    )


@check("narrow", "sample rates below that of most models")
def narrow(evidence: Evidence) -> Issue | None:
    """Clips without the upper half of the band that models are made for."""
    rate = evidence.usable["sample_rate"].astype("Int64")
    found = rate[(rate < SAMPLE_RATE).fillna(value=False)]
    if found.empty:
        return None
    counts = found.value_counts()
    return Issue(
        f"{number(len(found), 'clip')} with a sample rate below {SAMPLE_RATE:,} Hz",
        "info",
        list(found.index),
        "A model of more band than they have finds nothing above half their rate: compare scores "
        "on them with care, or choose a representation of their rate (sample_rate).",
        _sentence(
            listed(f"{hz:,} Hz ({many:,})" for hz, many in zip(counts.index, counts, strict=True))
        ),
    )


@check("containers", "files named as another format")
def containers(evidence: Evidence) -> Issue | None:
    """Files whose content is of another format than their ending says."""
    clips = evidence.usable.index
    kinds = {str(clip): _unlike(evidence.corpus.root / str(clip)) for clip in clips}
    found = {clip: kind for clip, kind in kinds.items() if kind}
    if not found:
        return None
    counts = pd.Series(found).value_counts()
    return Issue(
        f"{number(len(found), 'file')} named as another format than the content",
        "info",
        list(found),
        "They are read by their content; other programs may need the right ending.",
        listed(f"{kind} ({many:,})" for kind, many in counts.items()) + ".",
    )


_MAGIC = {
    "WAV": ({".wav", ".rf64"}, (b"RIFF", b"RIFX", b"RF64")),
    "FLAC": ({".flac"}, (b"fLaC",)),
    "Ogg": ({".ogg", ".oga", ".opus", ".spx"}, (b"OggS",)),
    "AIFF": ({".aif", ".aiff", ".aifc"}, (b"FORM",)),
    "MP3": ({".mp3", ".mp2"}, (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
}


def _unlike(file: Path) -> str:
    """What a file is and what it is named, where both are known and differ."""
    named = next((kind for kind, (ends, _) in _MAGIC.items() if file.suffix.lower() in ends), "")
    if not named or not files.is_file(file):
        return ""
    with files.regular(file, files.WEIGHTS).open("rb") as opened:
        start = opened.read(4)
    real = next((kind for kind, (_, magic) in _MAGIC.items() if start.startswith(magic)), "")
    return f"{real} named {file.suffix}" if real and real != named else ""


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


@check("speakers", "speakers with few clips")
def speakers(evidence: Evidence) -> Issue | None:
    """Speakers with far fewer clips than the others."""
    speaker = evidence.usable["speaker"]
    counts = speaker.value_counts()
    few = counts[counts < FEW_CLIPS * counts.median()]
    if few.empty:
        return None
    return Issue(
        f"{number(len(few), 'speaker')} with few clips",
        "info",
        list(speaker.index[speaker.isin(few.index)]),
        "Expect wider intervals for them, and read the scores speaker by speaker.",
        f"The median is {counts.median():g} clips; "
        + listed(f"{name} has {count:,}" for name, count in few.items())
        + ".",
    )


@check("lacking", "speakers who lack an emotion")
def lacking(evidence: Evidence) -> Issue | None:
    """Emotions that a speaker does not have."""
    usable = evidence.usable
    table = pd.crosstab(usable["speaker"], usable["emotion"])
    lacks = {who: [str(name) for name in row.index[row == 0]] for who, row in table.iterrows()}
    lacks = {who: names for who, names in lacks.items() if names}
    if not lacks:
        return None
    return Issue(
        f"{number(len(lacks), 'speaker')} {'lacks' if len(lacks) == 1 else 'lack'} an emotion",
        "warning",
        list(usable.index[usable["speaker"].isin(list(lacks))]),
        "A test on such a speaker alone scores fewer emotions; average the recalls with care.",
        listed(f"{who} has no {' or '.join(names)}" for who, names in lacks.items()) + ".",
    )


@check("confounded", "speakers that go with an emotion")
def confounded(evidence: Evidence) -> Issue | None:
    """Speakers who say what the emotion is."""
    found = confounding(evidence.usable)
    if found is None or not found.is_notable:
        return None
    each = evidence.usable.groupby("speaker")["emotion"].transform("nunique")
    remedy = f"Read scores as those of voices, too. {ENROLMENT}."
    return Issue(
        "Speaker and emotion go together",
        "error" if found.is_strong else "warning",
        list(each.index[each == 1]),
        remedy,
        f"{found.said}.",
    )


@check("no-speakers", "unnamed speakers or one speaker only")
def no_speakers(evidence: Evidence) -> Issue | None:
    """A corpus that names no speakers, or only one."""
    usable = evidence.usable
    nameless = usable.index[usable["speaker"].isna()]
    speakers = evidence.corpus.speakers
    if not nameless.size and len(speakers) > 1:
        return None
    return Issue(
        "Speakers are unknown" if nameless.size else "One speaker only",
        "warning",
        list(nameless),
        "Name the speakers if you can, in a column of a table or by a pattern for the paths:"
        " without them no split is speaker-disjoint, and scores may hold for known speakers only."
        if nameless.size
        else "Choose the policy 'random', and read scores as those of this voice: no split of one "
        "voice says how a model does on others.",
        f"{number(len(nameless), 'clip')} of {len(usable):,} name no speaker."
        if nameless.size
        else f"All clips are by {listed(speakers)}.",
    )


@check("official")
def official(evidence: Evidence) -> Issue | None:
    """A split that the corpus comes with."""
    named = evidence.usable["official"].dropna()
    if named.empty or not (are_parts(named) or are_folds(named)):
        return None
    counts = named.value_counts()
    return Issue(
        "The corpus has a split of its own",
        "info",
        [],
        "Choose the policy 'official' to use it, and read its leak grade: published figures are "
        "of this split.",
        listed((f"{name} {many:,} clips" for name, many in sorted(counts.items())), 10) + ".",
    )


@check("alike-speakers", "speakers that differ in how a number is written")
def alike_speakers(evidence: Evidence) -> Issue | None:
    """The same number as the name of several speakers: 1, 01 and 1.0."""
    groups: dict[int, list[str]] = {}
    for name in evidence.corpus.speakers:
        bare = name[:-2] if name.endswith(".0") else name
        if bare.isdecimal():
            groups.setdefault(int(bare), []).append(name)
    alike = [names for names in groups.values() if len(names) > 1]
    if not alike:
        return None
    speaker = evidence.usable["speaker"]
    every = [name for names in alike for name in names]
    return Issue(
        f"{number(len(alike), 'speaker')} may be written in several ways",
        "warning",
        list(speaker.index[speaker.isin(every)]),
        "Write each speaker in one way: otherwise the same voice may train and test.",
        listed(" and ".join(names) for names in alike) + ".",
    )


@check("notes")
def notes(evidence: Evidence) -> Issue | None:
    """What the reader of the corpus did."""
    notes = evidence.corpus.notes
    if not notes:
        return None
    return Issue("How the corpus was read", "info", [], "", " ".join(f"{note}." for note in notes))


@check("not-scanned")
def not_scanned(evidence: Evidence) -> Issue | None:
    """Without measures, half of the checks were not made."""
    if "sha256" in evidence.scan:
        return None
    return Issue(
        "The sound was not checked",
        "info",
        [],
        "Measure the clips to look for duplicates, clipping, silence and damaged files.",
        "Only the headers of the files have been read.",
    )
