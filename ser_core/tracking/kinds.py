"""The kinds of runs, and where `mlflow ui` lists them."""

from __future__ import annotations

from dataclasses import dataclass

from ser_core.core import Registry


@dataclass(frozen=True)
class Kind:
    """One kind of run.

    Attributes:
        experiment: Title of the MLflow experiment it is listed in, unless it has a parent: then
            it stands below that.
        note: What that experiment holds, for who opens `mlflow ui` for the first time.
    """

    experiment: str
    note: str


_TRAINING = Kind(
    "SER training",
    "Trainings of speech emotion models by the SER Workbench. A run with several folds or seeds "
    "has them nested below it. Figures of validation and test carry the split they come from: "
    "look at the leak grade before comparing two runs.",
)

KINDS: Registry[Kind] = Registry("kind of run")

_OWN = {
    "ensemble": Kind("SER ensembles", "Searches for the weights of several models together."),
    "explain": Kind("SER explanations", "Attribution methods, their checks and faithfulness."),
    "robustness": Kind("SER robustness", "Accuracy under attack, noise, codecs and channels."),
    "serving": Kind("SER serving", "Models with all that `mlflow models serve` needs."),
    "export": Kind("SER exports", "Models written as ONNX, with their verification and speed."),
}
for _name, _kind in {"training": _TRAINING, "fold": _TRAINING, **_OWN}.items():
    KINDS.register(_name)(_kind)
