"""Predictions in the form that a competition asks for: its template, filled, and nothing else.

What does not fit is refused before anything is predicted: ids without a clip, clips without an id,
classes without a label. A clip that cannot be classified is refused afterwards, unless a label for
it is given, so that no invented answer passes for a prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from ser_core.audio import ENDINGS
from ser_core.core import CorpusError, ParameterError, count
from ser_core.corpora import (
    Corpus,
    Opening,
    Template,
    is_recognised,
    label_map,
    normalise,
    open_corpus,
    opening_of,
    ordered,
    read_template,
    remembered_labels,
)
from ser_core.inference.classify import PREFIX, Recording, recordings

LABEL_COLUMNS = frozenset(
    {"label", "emotion", "class", "target", "category", "prediction", "answer", "emo", "y"}
)
SHOWN = 5


@dataclass(frozen=True, eq=False)
class UnlabelledPart:
    """Clips to predict, and what is known of the labels they should be given.

    Attributes:
        root: Folder of the clips.
        ids: Id of each clip in its table, by clip (path relative to `root`); its path where no
            table lists it.
        labels: Emotion by label of the competition.
        template: Template of the submission that lies beside the tables, if there is one.
        training: Emotions of the labelled clips, one a clip; empty where there are none.
        corpus: The corpus they are the unlabelled part of; None for a plain folder.
    """

    root: Path
    ids: Mapping[str, str]
    labels: Mapping[str, str]
    template: Path | None = None
    training: tuple[str, ...] = ()
    corpus: Corpus | None = None

    @property
    def recordings(self) -> list[Recording]:
        """The clips, in order."""
        return [Recording(str(self.root / clip), self.root / clip) for clip in self.ids]


def unlabelled_part(
    folder: Path | Opening,
    reader: str | None = None,
    labels: Mapping[str, str] | None = None,
    **reading: Any,
) -> UnlabelledPart:
    """The clips of a folder that are to be predicted: the unlabelled part of a corpus, or all.

    Args:
        folder: A corpus with an unlabelled part, kept or not, or a folder of sound files.
        reader: Reader of the corpus; detected when None.
        labels: Emotion of labels, beside those that the corpus knows.
        **reading: How the corpus is opened further, as for `open_corpus`.

    Raises:
        CorpusError: If the corpus cannot be opened, or has no unlabelled part.
        ParameterError: If a folder holds no sound, or a label names no emotion.
    """
    given = label_map(labels or {}, own=bool(reading.get("own_labels")))
    named = folder if isinstance(folder, Opening) else opening_of(folder)
    if named.is_plain and not reader and not any(reading.values()) and _is_mere_folder(named.path):
        folder = named.path
        paths = [Path(each.name).relative_to(folder).as_posix() for each in recordings([folder])]
        known = {**remembered_labels(folder), **given}
        return UnlabelledPart(folder, {path: path for path in paths}, known)
    return part_of(open_corpus(named, reader, label_map=given, **reading), given)


def _is_mere_folder(path: Path) -> bool:
    return path.is_dir() and not is_recognised(path)


def part_of(corpus: Corpus, labels: Mapping[str, str] | None = None) -> UnlabelledPart:
    """The unlabelled part of a corpus.

    Args:
        corpus: The corpus.
        labels: Emotion of labels, beside those that occur in the corpus.

    Raises:
        CorpusError: If it has none.
    """
    if not corpus.ids:
        raise CorpusError(
            "the corpus has no unlabelled clips",
            subject=str(corpus.root),
            remedy="Keep a table of them beside the table of labelled clips, as test.csv beside "
            "train.csv, or name the folder of their sound",
        )
    return UnlabelledPart(
        corpus.root,
        corpus.ids,
        {**corpus.label_map, **remembered_labels(corpus.root), **(labels or {})},
        corpus.template,
        tuple(corpus.usable["emotion"]),
        corpus,
    )


@dataclass(frozen=True, eq=False)
class Submission:
    """A template whose rows and columns are understood; predictions can be filled in.

    Attributes:
        template: The template.
        clips: The clips to predict, in the order of their predictions.
        asked: For each row of the template, the position of its clip in `clips`.
        codes: Label of each class of the model, as the competition spells it.
        columns: For each position of a column to fill: the class whose probability it takes, or
            "" for the one column of labels.
    """

    template: Template
    clips: tuple[str, ...]
    asked: tuple[int, ...]
    codes: Mapping[str, str]
    columns: Mapping[int, str]

    def filled(self, predictions: pd.DataFrame, *, fill: str = "") -> bytes:
        """The template with the predictions in it: same ids, order, columns, labels.

        Args:
            predictions: A row a clip, in the order of `clips`, as
                `ser_core.inference.classify.classify` gives it.
            fill: Label or emotion for clips without a prediction; refused when empty.

        Raises:
            ParameterError: If a clip has no prediction and `fill` is empty or no label.
        """
        answers = self._answers(predictions, fill)
        chances = self._chances(predictions, answers)
        rows = [list(row) for row in self.template.rows]
        for row, clip in zip(rows, self.asked, strict=True):
            for column, emotion in self.columns.items():
                row[column] = (
                    _number(chances[emotion][clip]) if emotion else self.codes[answers[clip]]
                )
        return self.template.written(self.template.header, rows)

    def probabilities(self, predictions: pd.DataFrame, *, fill: str = "") -> bytes:
        """The ids of the template with the probability of each class, a column a label.

        Args:
            predictions: As for `filled`.
            fill: As for `filled`; its probability is 1.

        Raises:
            ParameterError: As `filled`.
        """
        chances = self._chances(predictions, self._answers(predictions, fill))
        emotions = _in_order(self.codes)
        own = self.template.header[self.template.id_column]
        rows = [
            [row[self.template.id_column], *(_number(chances[e][clip]) for e in emotions)]
            for row, clip in zip(self.template.rows, self.asked, strict=True)
        ]
        return self.template.written([own, *(self.codes[e] for e in emotions)], rows)

    def fill_emotion(self, fill: str) -> str:
        """The class that a label or an emotion names.

        Raises:
            ParameterError: If it is none of this submission.
        """
        named = {code: emotion for emotion, code in self.codes.items()}
        emotion = named.get(fill) or normalise(fill) or ""
        if emotion not in self.codes:
            raise ParameterError(
                "is no label of the submission", subject=fill,
                remedy=f"Give one of {', '.join(named)}",
            )  # fmt: skip
        return emotion

    def _answers(self, predictions: pd.DataFrame, fill: str) -> list[str]:
        """Class of every clip, with `fill` where there is no prediction."""
        answers = [str(answer) for answer in predictions["answer"]]
        lacking = [index for index, answer in enumerate(answers) if not answer]
        if not lacking:
            return answers
        if not fill:
            problems = predictions["problem"].tolist()
            named = [f"{self.clips[index]} ({problems[index]})" for index in lacking]
            raise ParameterError(
                f"{count(len(lacking), 'clip')} cannot be classified: {_listed(named)}",
                subject=self.template.path.name,
                remedy="Repair them, or give --fill LABEL to write that label for them",
            )
        emotion = self.fill_emotion(fill)
        return [answer or emotion for answer in answers]

    def _chances(self, predictions: pd.DataFrame, answers: Sequence[str]) -> dict[str, list[float]]:
        """Probability of each class for every clip; a filled clip has 1 for its label."""
        filled = (predictions["answer"] == "").to_numpy()
        given = np.array(answers, dtype=object)
        return {
            emotion: np.where(
                filled, given == emotion, predictions[PREFIX + emotion].fillna(0.0)
            ).astype(float).tolist()
            for emotion in self.codes
        }  # fmt: skip


def submission(
    part: UnlabelledPart, classes: Sequence[str], template: Path | None = None
) -> Submission:
    """Understand a template before anything is predicted.

    Args:
        part: The clips to predict.
        classes: Emotions the model knows.
        template: Its file; that beside the tables of the corpus when None.

    Raises:
        CorpusError: If the template cannot be read.
        ParameterError: If ids have no clip or clips no id, if the columns are not understood, or
            if a class of the model has no label; it says which, how many and what to do.
    """
    path = template or part.template
    if path is None:
        raise ParameterError(
            "there is no template of a submission",
            subject=str(part.root),
            remedy="Put the competition's sample_submission.csv beside its tables",
        )
    read = read_template(path)
    clips = list(part.ids)
    asked = _clips_of(read, part)
    columns, codes = _columns(read, part.labels, classes)
    places = {clip: index for index, clip in enumerate(clips)}
    return Submission(read, tuple(clips), tuple(places[c] for c in asked), codes, columns)


def _clips_of(template: Template, part: UnlabelledPart) -> list[str]:
    """Clip of every row, by the way of reading ids that finds the most of them."""
    ids = template.ids
    ways = [_found(ids, part.ids, reduce) for reduce in (None, *_REDUCTIONS)]
    found = max(ways, key=len)
    missing = [own for own in dict.fromkeys(ids) if own not in found]
    wanted = set(found.values())
    surplus = [clip for clip in part.ids if clip not in wanted]
    if missing or surplus:
        raise ParameterError(
            "; ".join(_misfits(template, part, missing, surplus)),
            subject=template.path.name,
            remedy="Check that the template and the sound are of one competition and complete: "
            "the submission has a row for every id of the template, and every unlabelled clip "
            "in a row",
        )
    return [found[own] for own in ids]


def _misfits(
    template: Template, part: UnlabelledPart, missing: list[str], surplus: list[str]
) -> list[str]:
    parts = []
    if missing:
        known = _labelled(missing, part.corpus)
        labelled = f" ({len(known)} of them labelled: {_listed(known)})" if known else ""
        words = "has no clip" if len(missing) == 1 else "have no clip"
        total = len(set(template.ids))
        parts.append(f"{len(missing):,} of {total:,} ids {words}: {_listed(missing)}{labelled}")
    if surplus:
        words = "has no id in the template" if len(surplus) == 1 else "have no id in the template"
        parts.append(f"{count(len(surplus), 'unlabelled clip')} {words}: {_listed(surplus)}")
    return parts


def _labelled(missing: Sequence[str], corpus: Corpus | None) -> list[str]:
    """Those of the ids that are labelled clips."""
    if corpus is None:
        return []
    stems = {_stem(str(clip)) for clip in corpus.usable.index}
    return [own for own in missing if _stem(own) in stems]


def _path(text: str) -> str:
    return PurePosixPath(text.replace("\\", "/")).as_posix()


def _bare(text: str) -> str:
    """Path without the ending of a sound file; a dot in an id is no ending."""
    path = PurePosixPath(_path(text))
    return (path.with_suffix("") if path.suffix.lower() in ENDINGS else path).as_posix()


def _name(text: str) -> str:
    return PurePosixPath(_path(text)).name


def _stem(text: str) -> str:
    return _name(_bare(text))


_REDUCTIONS: tuple[Callable[[str], str], ...] = (_path, _bare, _name, _stem)


def _found(
    ids: Sequence[str], clips: Mapping[str, str], reduce: Callable[[str], str] | None
) -> dict[str, str]:
    """Clip by id, where an id names one clip alone.

    Args:
        ids: Ids of the template.
        clips: Id of each clip in its table, by clip.
        reduce: What of a path must be the same; None takes the ids of the table as they are.
    """
    keys: dict[str, list[str]] = {}
    for clip, own in clips.items():
        keys.setdefault(reduce(clip) if reduce else own, []).append(clip)
    named = {own: keys.get(reduce(own) if reduce else own, []) for own in ids}
    return {own: found[0] for own, found in named.items() if len(found) == 1}


def _columns(
    template: Template, labels: Mapping[str, str], classes: Sequence[str]
) -> tuple[dict[int, str], dict[str, str]]:
    """What each column takes, and the label of each class."""
    rest = [place for place in range(len(template.header)) if place != template.id_column]
    own = [place for place in rest if template.header[place].strip().casefold() in LABEL_COLUMNS]
    if len(rest) == 1 or len(own) == 1:
        (place,) = own if len(own) == 1 else rest
        return {place: ""}, _codes(labels, classes, template.cells(place), template.path)
    columns = {place: _column_emotion(template.header[place].strip(), labels) for place in rest}
    unknown = [template.header[place] for place, emotion in columns.items() if not emotion]
    if unknown or not rest:
        raise ParameterError(
            f"the template has no column of labels, and these are no classes: {_listed(unknown)}"
            if rest
            else "the template has a column of ids and none to fill",
            subject=template.path.name,
            remedy="Say which emotion each column is for: --label COLUMN=EMOTION",
        )
    _same_classes(list(columns.values()), classes, template.path)
    return columns, {e: template.header[place].strip() for place, e in columns.items()}


def _column_emotion(name: str, labels: Mapping[str, str]) -> str:
    same = [emotion for label, emotion in labels.items() if _same_label(label, name)]
    return same[0] if same else normalise(name) or ""


def _same_classes(columns: Sequence[str], classes: Sequence[str], path: Path) -> None:
    lacking = [name for name in classes if name not in columns]
    strange = [name for name in columns if name not in classes]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    problems = [
        f"{words} {', '.join(names)}"
        for words, names in (
            ("no column is for", lacking),
            ("the model does not know", strange),
            ("several columns are for", twice),
        )
        if names
    ]
    if problems:
        raise ParameterError(
            "; ".join(problems), subject=path.name,
            remedy="Use a model that was trained on the classes of this competition",
        )  # fmt: skip


def _codes(
    labels: Mapping[str, str], classes: Sequence[str], cells: Sequence[str], path: Path
) -> dict[str, str]:
    """Label of the competition for each class: numbers where the template holds numbers."""
    placeholders = [cell for cell in cells if cell]
    numbers = bool(placeholders) and all(map(_is_number, placeholders))
    fitting = {
        label: emotion
        for label, emotion in labels.items()
        if not placeholders or _is_number(label) == numbers
    }
    if not fitting and placeholders and all(map(normalise, placeholders)):
        return {name: name for name in classes}  # a folder alone: the names of the vocabulary
    found = {name: _labels_of(name, fitting) for name in classes}
    _refuse_ambiguous(found, path)
    lacking = [name for name, own in found.items() if not own]
    if lacking:
        kind = "number" if numbers else "label"
        raise ParameterError(
            f"no {kind} is known for {', '.join(lacking)}",
            subject=path.name,
            remedy=f"Say it by --label, as --label {'0' if numbers else 'LABEL'}={lacking[0]}, or "
            "use a model that was trained on this competition",
        )
    whole = numbers and all(cell.lstrip("+-").isdigit() for cell in placeholders)
    return {name: _whole(own[0]) if whole else own[0] for name, own in found.items()}


def _labels_of(emotion: str, labels: Mapping[str, str]) -> list[str]:
    """Labels that name an emotion; "1" and "1.0" are one."""
    own = [label for label, named in labels.items() if named == emotion]
    return [label for place, label in enumerate(own) if not _among(label, own[:place])]


def _among(label: str, others: Sequence[str]) -> bool:
    return any(_same_label(label, other) for other in others)


def _same_label(one: str, other: str) -> bool:
    if one == other:
        return True
    return _is_number(one) and _is_number(other) and float(one) == float(other)


def _refuse_ambiguous(found: Mapping[str, Sequence[str]], path: Path) -> None:
    for emotion, own in found.items():
        if len(own) > 1:
            raise ParameterError(
                f"{', '.join(own)} all mean {emotion}, and a prediction cannot say which of them",
                subject=path.name,
                remedy=f"Map all but one to another emotion before training, as --label "
                f"{own[-1]}=EMOTION",
            )


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _whole(label: str) -> str:
    """A whole number without decimals, as `0` for `0.0`."""
    value = float(label)
    return str(int(value)) if value.is_integer() else label


def _in_order(codes: Mapping[str, str]) -> list[str]:
    """Classes by their numbers, or as they come."""
    if all(map(_is_number, codes.values())):
        return sorted(codes, key=lambda emotion: float(codes[emotion]))
    return list(codes)


def _number(value: float) -> str:
    return f"{value:.6f}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def class_counts(part: UnlabelledPart, answers: pd.Series[str]) -> pd.DataFrame:
    """Classes of the predictions beside those of the labelled clips.

    Args:
        part: The clips that were predicted.
        answers: Predicted emotions; empty where there is none.

    Returns:
        A row an emotion that occurs, indexed by it: `predicted` and `training` (clips), and
        `predicted_share` and `training_share`, 0 to 1; NaN where there are none.
    """
    known = answers[answers != ""].value_counts()
    training = pd.Series(part.training, dtype="object").value_counts()
    table = pd.DataFrame({"predicted": known, "training": training}).fillna(0).astype(int)
    for name in ("predicted", "training"):
        total = int(table[name].sum())
        table[f"{name}_share"] = table[name] / total if total else np.nan
    return table.loc[ordered(table.index)]
