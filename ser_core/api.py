"""What `import ser_core as ser` offers where no function of one room has the right form.

Each function here opens what it is given, calls one function of the core, and returns what that
returns. The table of all names is in `ser_core/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_core.audio import Waveform
from ser_core.core import ModelError, ParameterError, Progress, settings
from ser_core.corpora import Corpus, Split, open_corpus, saved_splits, snapshot
from ser_core.inference.classify import (
    EnrolledSpeaker,
    InferenceModel,
    Recording,
    classify,
    open_model,
)
from ser_core.inference.classify import recordings as recordings_in

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from ser_core.explain import Attribution
    from ser_core.export.pipeline import ExportedFile
    from ser_core.inference.model_evaluation import Evaluation
    from ser_core.recipes.recipe import Recipe
    from ser_core.robustness.card import Card
    from ser_core.runs.execute import Outcome

Sound = str | Path | bytes | Waveform
"""A sound file, a folder of them, the content of a file, or decoded sound."""


def represent(
    waveform: Waveform, representation: str, **parameters: Any
) -> npt.NDArray[np.float32]:
    """One acoustic representation of a sound.

    Args:
        waveform: From `load_audio`, at the representation's sample rate (16 kHz by default).
        representation: Name, such as "melspectrogram", "mfcc", "hpss" or "functionals".
        parameters: Of the representation, such as `n_mels`.

    Returns:
        float32, shape (channels, bins, frames), in the unit of the representation (dB for
        spectrograms).

    Raises:
        UnknownNameError: If no representation has this name.
        ParameterError: If it has no such parameter, refuses the value, or the sound has another
            sample rate.

    >>> import ser_core as ser
    >>> sound = ser.load_audio(ser.demo_corpus() / "samples" / "SM0_anger_48.flac")
    >>> ser.represent(sound, "melspectrogram", n_mels=40, hop_length=320).shape
    (1, 40, 109)
    """
    from ser_core.features.representations import make
    from ser_core.features.representations import represent as represented

    (found,) = represented(waveform, [make(representation, **parameters)])
    return found


def train(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    corpus: str | Path | Corpus | None = None,
    *,
    split: Split | None = None,
    changes: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    track: bool = True,
    progress: Progress | None = None,
) -> Outcome:
    """Train every fold and seed of a recipe, and score the test clips once.

    A run that was interrupted goes on when it is started again with the same arguments.

    Args:
        recipe: A YAML file, the name of a bundled one ("log-mel-loso"), or its content.
        corpus: Path or corpus, instead of the recipe's.
        split: Instead of the recipe's; it is kept among the saved splits.
        changes: Values of the recipe by dotted name, such as `{"train.epochs": 5}`.
        out: Folder of the run; where the app lists runs, named by the hash of the recipe, if None.
        track: Whether the run is written to MLflow, where the app finds its learning curves.
        progress: Called with (steps done, steps in all).

    Returns:
        `report` holds the test figures with intervals, `audit` what training and test share,
        `predictions` every answer, `folder` the files: `load_model` opens it.

    Raises:
        ParameterError: If the recipe has a wrong name or value, or the corpus was opened in a way
            that a recipe cannot hold.
        SerError: If corpus or split cannot be used, or the folder cannot be written.

    >>> import ser_core as ser
    >>> loudness = {"representation": {"name": "rms"}, "network": {"name": "linear"}}
    >>> once = {"train.epochs": 1, "train.threads": 1}
    >>> result = ser.train(loudness, ser.demo_corpus(), changes=once, track=False)
    >>> result.report.n, result.report.badge
    (6, 'speakers shared')
    >>> 0 <= result.report.uar.low <= result.report.uar.value <= result.report.uar.high <= 1
    True
    """
    from contextlib import nullcontext

    from ser_core.plots.publication_results import print_test
    from ser_core.recipes.draft import merged
    from ser_core.recipes.recipe import parse, written_out
    from ser_core.runs.execute import run
    from ser_core.runs.mlflow_logging import tracked

    given: dict[str, Any] = dict(changes or {})
    if corpus is not None:
        opened = corpus if isinstance(corpus, Corpus) else None
        given["corpus"] = str(_path_of(corpus))
        given |= {"reader": opened.reader} if opened else {}
        given["opening"] = {}
    if split is not None:
        given["split"] = {"file": str(saved_splits.save(split))}
    wanted = parse(written_out(merged(_content_of(recipe), given)))
    folder = Path(out) if out else settings.home() / "runs" / wanted.hash
    with tracked(wanted, folder) if track else nullcontext() as tracker:
        options: dict[str, Any] = {"progress": progress} if progress else {}
        outcome = run(wanted, folder, watcher=tracker, **options)
        if tracker:
            tracker.finished(outcome, print_test(outcome.report, outcome.split.policy))
    return outcome


def load_model(path: str | Path | None = None) -> InferenceModel:
    """Open a model for use.

    Args:
        path: Folder of a network or an ensemble, of a run that trained one network, or an exported
            .onnx file; the bundled ensemble when None.

    Returns:
        The model with the temperature and the threshold that its probabilities are read by;
        `classes` are its emotions, `predictor.card` is its model card.

    Raises:
        ModelError: If there is no model at the path, it is damaged, or a run holds several.

    >>> import ser_core as ser
    >>> ser.load_model().classes
    ('anger', 'fear', 'happiness', 'sadness', 'surprise', 'neutral')
    """
    from ser_core.inference.catalogue import bundled_folder

    folder = Path(path) if path is not None else bundled_folder()
    trained = sorted(folder.glob("fold-*/bundle/bundle.json"))
    if len(trained) > 1:
        raise ModelError(
            f"is a run of {len(trained)} networks",
            subject=str(folder),
            remedy=f"Name one of them, such as {trained[0].parent}",
        )
    return open_model(trained[0].parent if trained else folder)


def predict(
    model: InferenceModel,
    sounds: Sound | Sequence[Sound],
    *,
    speaker: EnrolledSpeaker | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Calibrated probabilities of the emotions, for one sound or several.

    Args:
        model: From `load_model`.
        sounds: Files, folders, contents of files, or waveforms of any sample rate.
        speaker: The one speaker of all of them, from `enrol`; None for a stranger.
        progress: Called with (sounds done, sounds in all).

    Returns:
        A row a sound, in order: `file`, `seconds`, `p_<emotion>`, `classify`, `confidence` (the
        largest probability), `uncertain` (whether that is below the model's threshold), with a
        speaker `other_voice` (whether it sounds like somebody else) and `problem`: empty, or why
        there is no answer.

    Raises:
        ParameterError: If a path does not exist, or a folder holds no sound.

    >>> import ser_core as ser
    >>> model, clips = ser.load_model(), ser.demo_corpus() / "samples"
    >>> known = ser.enrol(model, [clips / "SM0_neutral_48.flac", clips / "SM0_fear_48.flac"])
    >>> table = ser.predict(model, clips / "SM0_anger_48.flac", speaker=known)
    >>> table["answer"].item(), round(table.filter(like="p_").sum(axis=1).item(), 6)
    ('anger', 1.0)
    """
    return classify(model, _recordings(sounds), speaker, progress)


def enrol(model: InferenceModel, sounds: Sound | Sequence[Sound]) -> EnrolledSpeaker:
    """A speaker from some of their sounds, without labels: the mean and spread of their features.

    Args:
        model: From `load_model`; one that normalises by speaker.
        sounds: Of this one speaker; files, folders, contents of files, or waveforms.

    Returns:
        For `predict` and `attribute` with the same model.

    Raises:
        ModelError: If the model makes no use of the speaker.
        AudioError: If a sound cannot be decoded, is too short or silent.

    >>> import ser_core as ser
    >>> known = ser.enrol(ser.load_model(), ser.demo_corpus() / "samples" / "EB0_neutral_82.flac")
    >>> len(known.timbres)
    1
    """
    return model.enrol_speaker(_recordings(sounds))


def evaluate(
    model: InferenceModel,
    corpus: Corpus,
    *,
    part: str = "",
    enrolled: Sequence[int | None] = (0,),
    draws: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Judge a model on clips of a corpus: UAR, accuracy, calibration, confusion, with intervals.

    Clips that are enrolled are left out of the test, those of the largest number for every number.

    Args:
        model: From `load_model`.
        corpus: From `open_corpus`.
        part: "train", "validation" or "test" of the model's own split; all clips when empty.
        enrolled: Numbers of unlabelled clips of each speaker that are enrolled; 0 for none, None
            for all clips of the speaker, those tested included.
        draws: How often the enrolled clips are drawn anew.
        seed: Of the draws.
        progress: Called with (answers given, answers in all).

    Returns:
        `reports` and `predictions` by number of enrolled clips, `badge` (what every figure must be
        shown with; empty where the speakers are new to the model) and `overlap` (clips that
        trained it).

    Raises:
        SerError: If model and corpus have no emotion in common, the part is not known, or a
            speaker has too few clips.

    >>> import ser_core as ser
    >>> corpus = ser.open_corpus(ser.demo_corpus(), include="EB0_|IC0_")
    >>> found = ser.evaluate(ser.load_model(), corpus)
    >>> found.reports[0].n, found.badge
    (12, 'clips trained on')
    """
    from ser_core.inference.enrolment import Enrolment
    from ser_core.inference.model_evaluation import Choice, evaluate_model

    enrolment = Enrolment(tuple(enrolled), draws, seed)
    return evaluate_model(model.folder, corpus, Choice(part=part), enrolment, progress)


def attribute(
    model: InferenceModel,
    sound: Sound,
    method: str = "lrp",
    emotion: str | None = None,
    *,
    speaker: EnrolledSpeaker | None = None,
    representation: str = "",
    **parameters: Any,
) -> Attribution:
    """Explain an answer: how much each part of the sound speaks for an emotion.

    Args:
        model: From `load_model`.
        sound: One file, content of a file, or waveform.
        method: "grad_cam", "lrp", "lime", "integrated_gradients", "smoothgrad",
            "gradient_x_input", "occlusion" or "attention_rollout".
        emotion: What is explained; the model's own answer when None.
        speaker: From `enrol`.
        representation: Name or hash of one that the model sees; the one that weighs most, of those
            that the method applies to, when empty.
        parameters: Of the method.

    Returns:
        `values` is the relevance, shape (channels, bins, frames), of `picture`, what the network is
        given; in logits for methods that share out the answer.

    Raises:
        UnknownNameError: If there is no such method.
        ParameterError: If it has no such parameter, the model no such emotion, or there are several
            sounds.
        ModelError: If the method does not apply to the model.
        AudioError: If the sound cannot be decoded, is too short or silent.

    >>> import ser_core as ser
    >>> clip = ser.demo_corpus() / "samples" / "SM0_anger_48.flac"
    >>> found = ser.attribute(ser.load_model(), clip, "lrp", representation="melspectrogram")
    >>> found.emotion, found.values.shape
    ('anger', (1, 64, 136))
    """
    from ser_core.explain import attribute as attributed

    several = _recordings(sound)
    if len(several) != 1:
        raise ParameterError(f"{len(several)} sounds", remedy="Explain one at a time")
    return attributed(
        model.predictor,
        model.waveform(several[0]),
        method,
        emotion,
        speaker=speaker.statistics if speaker else None,
        representation=representation,
        **parameters,
    )


def attack(
    model: InferenceModel,
    corpus: Corpus,
    attack: str = "fgsm",
    *,
    on: str = "representation",
    epsilons: Sequence[float] = (),
    clips: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Card:
    """Attack a network by its gradient, on its own test clips where the corpus has them.

    Args:
        model: One trained network; an ensemble or an exported file gives no gradient.
        corpus: From `open_corpus`.
        attack: "fgsm", "pgd" or "random".
        on: "representation" or "sound".
        epsilons: Largest changes: in dB on a representation in dB, in standard deviations on
            another, as signal-to-noise ratio in dB on the sound; usual ones when empty.
        clips: How many, drawn evenly over emotions; all when None.
        seed: Of the clips drawn and of the attack.
        progress: Called with work done and in all.

    Returns:
        `table()` has a row a level with UAR, accuracy and the share of answers that were turned,
        each with its interval; `subset` says which clips, `badge` what figures must be shown with.

    Raises:
        UnknownNameError: If there is no such attack, or nothing such to attack.
        ModelError: If the model gives no gradient.
        CorpusError: If the corpus has no clip of an emotion that the model knows.

    >>> import ser_core as ser
    >>> network = ser.load_model(ser.load_model().folder / "members/3/fold-0-seed-0")
    >>> corpus = ser.open_corpus(ser.demo_corpus())
    >>> card = ser.attack(network, corpus, "fgsm", on="sound", epsilons=[40], clips=6)
    >>> card.table()[["label", "wa"]].round(2).to_dict("list")
    {'label': ['clean', '40 dB SNR'], 'wa': [1.0, 0.17]}
    """
    from ser_core.robustness.assessment import Plan, tried

    plan = Plan(
        model=model.folder,
        corpus=_path_of(corpus),
        clips=clips,
        attacks=(attack,),
        places=(on,),
        epsilons=tuple(epsilons),
        seed=seed,
    )
    return tried(plan, model.predictor, corpus, progress or (lambda _done, _total: None))


def export_onnx(
    model: InferenceModel,
    folder: str | Path,
    precision: str = "fp32",
    *,
    corpus: str | Path | Corpus | None = None,
    clips: int = 200,
) -> ExportedFile:
    """Export a model as one ONNX file: a waveform goes in, calibrated probabilities come out.

    Args:
        model: From `load_model`; a network or an ensemble.
        folder: For the file, which is named by its precision; made if it does not exist.
        precision: "fp32", "fp16", "w8" or "int8".
        corpus: With clips to verify on, and to calibrate int8; that of the training, or the
            bundled demo, when None.
        clips: How many clips the file is compared with the model on; 0 for none.

    Returns:
        `exported.path` is the file, `passed` whether it answers as the model does, `verification`
        how closely.

    Raises:
        ParameterError: If there is no such precision, or the folder cannot be made.
        ModelError: If the model cannot be exported.
        SerError: If the corpus cannot be used, or the file not be written.

    >>> import tempfile
    >>> import ser_core as ser
    >>> loudness = {"representation": {"name": "rms"}, "network": {"name": "linear"}}
    >>> once = {"train.epochs": 1, "train.threads": 1}
    >>> result = ser.train(loudness, ser.demo_corpus(), changes=once, track=False)
    >>> model = ser.load_model(result.folder)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = ser.export_onnx(model, folder, clips=2)
    ...     again = ser.load_model(made.exported.path)
    >>> made.passed, again.classes == model.classes
    (True, True)
    """
    from ser_core.export.pipeline import run_pipeline
    from ser_core.export.plan import Plan

    path = _path_of(corpus) if corpus is not None else None
    (product,) = run_pipeline(
        Plan(model.folder, Path(folder), (precision,), corpus=path, clips=clips)
    )
    return product


def _recordings(sounds: Sound | Sequence[Sound]) -> list[Recording]:
    """What is to be answered, folders taken apart."""
    several = [sounds] if isinstance(sounds, str | Path | bytes | Waveform) else sounds
    found: list[Recording] = []
    for number, each in enumerate(several):
        if isinstance(each, str | Path):
            found += recordings_in([Path(each)])
        else:
            content = _file_of(each) if isinstance(each, Waveform) else each
            found.append(Recording(f"sound {number}", content))
    return found


def _file_of(waveform: Waveform) -> bytes:
    """Sound as the content of a file that loses nothing."""
    import io

    import soundfile

    file = io.BytesIO()
    soundfile.write(file, waveform.samples, waveform.sample_rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


def _content_of(recipe: str | Path | Mapping[str, Any] | Recipe) -> Mapping[str, Any]:
    from ser_core.recipes.recipe import Recipe, read

    if isinstance(recipe, Recipe):
        return recipe.model_dump(mode="json", exclude_defaults=True)
    return recipe if isinstance(recipe, Mapping) else read(Path(recipe))


def _path_of(corpus: str | Path | Corpus) -> Path:
    """Path that a recipe or a job opens the same corpus by.

    Raises:
        ParameterError: If it was opened with options, so that its path gives something else.
    """
    if not isinstance(corpus, Corpus):
        return Path(corpus)
    if corpus.opening is not None:
        plain = corpus.opening.is_plain
        found = snapshot(replace(corpus.opening, reader="" if plain else corpus.reader))
        again = open_corpus(found, corpus.reader)
        if again.clips.equals(corpus.clips):
            return found
    raise ParameterError(
        "was changed after it was opened, so its folder does not give the same clips",
        subject=corpus.name,
        remedy="Open it with options, or write the clips as a table and give that",
    )
