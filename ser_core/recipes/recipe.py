"""Recipe: everything that decides a training, as one validated value, in YAML."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ser_core.core import ParameterError, SerError, did_you_mean, files, settings
from ser_core.core.plain_yaml import load_yaml
from ser_core.storage import atomic

if TYPE_CHECKING:
    from ser_core.corpora import Opening
    from ser_core.models.networks import NetworkKind, NetworkSpec


SERIES = "series"
"""Key of a file that names several recipes; see `ser_core.recipes.series.load_series`."""


class Section(BaseModel):
    """Part of a recipe: frozen, and no name is accepted that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitChoice(Section):
    """Which clips train, choose and test."""

    policy: str = Field("random", description="Split policy: how clips are assigned to parts")
    seed: int = Field(0, ge=0, description="Random seed of the split")
    fractions: tuple[float, float, float] = Field(
        (0.8, 0.1, 0.1), description="Shares of the training, validation and test part"
    )
    folds: int | None = Field(None, ge=2, description="Number of folds, where the policy takes it")
    group_copies: bool = Field(
        False, description="Keep copies of a recording, identical or nearly so, in one part"
    )
    only: tuple[int, ...] | None = Field(None, description="Train these folds only")
    file: Path | None = Field(None, description="A saved split, instead of all of the above")


class OptimChoice(Section):
    """Optimiser and learning-rate schedule."""

    name: Literal["adamw", "adam", "sgd"] = Field("adamw", description="Optimiser")
    lr: float = Field(2e-3, gt=0, le=1, description="Peak learning rate")
    weight_decay: float = Field(0.02, ge=0, le=1, description="Weight decay, not of biases")
    schedule: Literal["onecycle", "cosine", "plateau", "constant"] = Field(
        "onecycle", description="Learning-rate schedule"
    )
    warmup: float = Field(0.2, ge=0, lt=1, description="Share of the steps until the peak rate")
    clip_norm: float | None = Field(
        5.0, gt=0, description="Gradient clipping: largest norm; none if empty"
    )
    patience: int = Field(
        3, ge=1, description="Epochs without improvement before plateau halves the rate"
    )


class TrainChoice(Section):
    """Optimisation, regularisation and selection of the epoch."""

    epochs: int = Field(20, ge=1, le=1000, description="Passes over the training part")
    batch: int = Field(32, ge=2, le=1024, description="Batch size: clips per step")
    crop_s: float | None = Field(
        2.0,
        gt=0.1,
        le=60,
        description="Random crop of each clip per step, in seconds; the whole clip if empty",
    )
    label_smoothing: float = Field(
        0.05, ge=0, lt=1, description="Probability spread over all classes"
    )
    mixup: float = Field(0.0, ge=0, le=2, description="Alpha of mixup; 0 for none")
    adversarial: Literal["none", "fgsm", "pgd"] = Field(
        "none", description="Adversarial training: attack on half of each batch"
    )
    epsilon: float = Field(
        0.05,
        gt=0,
        le=2,
        description="Largest change by that attack, in standard deviations of the features",
    )
    class_weights: bool = Field(False, description="Weight classes by inverse frequency")
    balance_corpora: bool = Field(
        False, description="Balance corpora: as many training clips of each that was joined"
    )
    refit: bool = Field(
        False,
        description="Refit: fit again on training and validation part together, after the "
        "validation part was predicted for calibration by a model that had not met it",
    )
    average: Literal["none", "ema", "swa"] = Field(
        "none", description="Averaging of the weights over steps (EMA) or epochs (SWA)"
    )
    ema_decay: float = Field(0.99, gt=0, lt=1, description="Decay of the EMA per step")
    select: Literal["uar", "loss", "last"] = Field(
        "uar",
        description="Epoch whose weights are used: best validation UAR or loss, or the last, "
        "which is best with few validation speakers and a schedule that ends low",
    )
    stop_after: int | None = Field(
        None, ge=1, description="Early stopping after epochs without improvement; none if empty"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="Number format of the steps; auto is the fastest that is exact enough here",
    )
    parts: int = Field(
        2,
        ge=1,
        le=16,
        description="Ghost batches: parts of a batch computed side by side, each with its own "
        "batch norm; 1 for none, which is slow where other work takes a core",
    )
    threads: int | None = Field(None, ge=1, description="Threads; all cores if empty")


class SearchChoice(Section):
    """Search for settings of a network that is fitted in one go, within the training part."""

    trials: int = Field(
        0,
        ge=0,
        le=1000,
        description="Hyperparameter search: settings of the network that are tried by "
        "cross-validation within the training part of each fold; 0 for none",
    )
    folds: int = Field(
        3,
        ge=2,
        le=20,
        description="Folds of that cross-validation; the clips of a speaker stay together",
    )


class FineTuneChoice(Section):
    """Fine-tuning of the pretrained encoder in front of the network."""

    method: Literal["frozen", "layers", "lora"] = Field(
        "frozen",
        description="Fine-tuning of the encoder: frozen for none; layers trains whole layers; lora "
        "trains a low-rank change of their attention (LoRA)",
    )
    from_layer: int = Field(
        1, ge=0, le=200, description="First layer that is trained; 0 is what comes before layer 1"
    )
    convolutions: bool = Field(
        False, description="Train the convolutional part too, which is frozen otherwise"
    )
    lr: float = Field(1e-4, gt=0, le=1, description="Peak learning rate of the last layer")
    layer_decay: float = Field(
        0.9, gt=0, le=1, description="Learning rate of each layer, as a share of the next one's"
    )
    rank: int = Field(8, ge=1, le=256, description="Rank of LoRA's change of a weight")
    probe_epochs: int = Field(
        10,
        ge=0,
        le=200,
        description="Epochs of the network on the frozen encoder before it is fine-tuned",
    )
    masks: bool = Field(True, description="SpecAugment on what the encoder is given")
    checkpointing: bool = Field(
        False, description="Compute layers again instead of keeping them: less memory, more time"
    )

    @property
    def on(self) -> bool:
        """Whether anything of the encoder is trained."""
        return self.method != "frozen"


Steps = Literal["none", "default"] | tuple[dict[str, Any], ...]
WaveSteps = Literal["none", "default", "noise"] | tuple[dict[str, Any], ...]


class AugmentChoice(Section):
    """Augmentation of training clips: before the representation, and after it."""

    waveform: WaveSteps = Field(
        "none",
        description="Waveform augmentation: none, default, noise, or a list of steps",
    )
    picture: Steps = Field(
        "none", description="Feature augmentation: none, default, or a list of steps"
    )
    speeds: tuple[float, ...] = Field(
        (),
        description="Speed perturbation: further copies of every training clip at these speeds; "
        "1.1 is faster and higher; each speed of a speaker counts as a speaker of its own",
    )

    @field_validator("speeds")
    @classmethod
    def _sensible_speeds(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0.5 <= each <= 2 or each == 1 for each in value):
            raise ValueError("must lie between 0.5 and 2, and not be 1")
        if len(set(value)) < len(value):
            raise ValueError("must differ from each other")
        return value


class Recipe(Section):
    """One training, reproducible: the same recipe on the same clips gives the same model."""

    name: str = Field("log-mel ResNet18", min_length=1, max_length=120)
    corpus: Path = Field(description="Folder or table of the corpus")
    reader: str | None = Field(None, description="Reader of the corpus; detected if empty")
    opening: dict[str, Any] = Field(
        {},
        description="How the corpus is opened: options of the reader, labels, clips left out",
    )
    split: SplitChoice = SplitChoice()
    representation: dict[str, Any] = {"name": "melspectrogram"}
    normalise: Literal["corpus", "clip", "speaker"] = "corpus"
    augment: AugmentChoice = AugmentChoice()
    network: dict[str, Any] = {"name": "resnet18"}
    search: SearchChoice = SearchChoice()
    fine_tune: FineTuneChoice = FineTuneChoice()
    optim: OptimChoice = OptimChoice()
    train: TrainChoice = TrainChoice()
    seeds: tuple[int, ...] = Field(
        (0,), min_length=1, description="Random seeds, one training each"
    )

    @field_validator("opening")
    @classmethod
    def _known_opening(cls, value: dict[str, Any]) -> dict[str, Any]:
        from ser_core.corpora.saved_openings import checked_reading

        try:
            return checked_reading(value)
        except SerError as error:
            raise ValueError(str(error).rstrip(".")) from error

    @field_validator("representation")
    @classmethod
    def _known_representation(cls, value: dict[str, Any]) -> dict[str, Any]:
        from ser_core.features.representations import make

        if "name" not in value:
            raise ValueError("needs a name")
        try:
            make(**value)
        except SerError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return value

    @field_validator("network", mode="before")
    @classmethod
    def _known_network(cls, value: Any) -> dict[str, Any]:
        """Name and the choices that differ from the network's own defaults."""
        if not isinstance(value, Mapping):
            raise ValueError(f"network = {value!r}: write its name and choices as a section")
        given = {**cls.model_fields["network"].default, **value}
        row = _network(given.pop("name"))
        mine = {key: each for key, each in given.items() if key not in row.spec.legacy}
        try:
            chosen = row.choices.model_validate(mine).model_dump(mode="json", exclude_defaults=True)
        except ValidationError as error:
            names = list(row.choices.model_fields)
            raise ValueError(
                "; ".join(_fault(e, "network.", names) for e in error.errors())
            ) from error
        return {"name": row.name, **chosen}

    @model_validator(mode="after")
    def _known_augmentation(self) -> Recipe:
        from ser_core.features.representations import make
        from ser_core.recipes.augmentation import feature_augmentation, waveform_augmentation

        representation = make(**self.representation)
        try:
            waveform_augmentation(self.augment, representation.sample_rate)
            feature_augmentation(self.augment, representation)
        except SerError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return self

    @model_validator(mode="after")
    def _network_fits(self) -> Recipe:
        from ser_core.features.representations import make
        from ser_core.models.networks import NETWORKS, accepting
        from ser_core.models.networks.base import INPUT_CLAUSES, INPUT_WORDS

        representation = make(**self.representation)
        kind = representation.input_kind
        if kind not in NETWORKS[self.network["name"]].accepts:
            names = accepting(kind)
            if not names:
                raise ValueError(f"representation: no network takes {INPUT_WORDS[kind]}")
            wanted = f"be {'one of ' if len(names) > 1 else ''}{', '.join(names)}"
            raise ValueError(f"network.name must {wanted} where {INPUT_CLAUSES[kind]}")
        if representation.summary and self.normalise == "clip":
            raise ValueError("normalise must be corpus or speaker where a clip is one frame")
        return self

    @model_validator(mode="after")
    def _fine_tuning_fits(self) -> Recipe:
        if not self.fine_tune.on:
            return self
        from ser_core.features.representations import make
        from ser_core.models.networks import GRADIENT_DESCENT

        representation = make(**self.representation)
        if not representation.tunable:
            raise ValueError(f"fine_tune: {representation.name} has no encoder to train")
        row, _ = self._network_row
        if row.learner != GRADIENT_DESCENT:
            raise ValueError(
                f"fine_tune needs a network trained by gradient descent, such as linear; "
                f"{row.name} is fitted in one go"
            )
        for name, usual in (("average", "none"), ("adversarial", "none"), ("mixup", 0.0)):
            if getattr(self.train, name) != usual:
                raise ValueError(f"train.{name} must be {usual} where the encoder is fine-tuned")
        if self.fine_tune.from_layer > representation.tunable:
            raise ValueError(
                f"fine_tune.from_layer must be at most {representation.tunable}, the last layer"
            )
        return self

    @model_validator(mode="after")
    def _refit_fits(self) -> Recipe:
        from ser_core.models.networks import GRADIENT_DESCENT

        row, _ = self._network_row
        if self.train.refit and row.learner == GRADIENT_DESCENT:
            raise ValueError(
                "train.refit needs a network that is fitted in one go, such as lda; "
                f"{row.name} is trained step by step"
            )
        return self

    @model_validator(mode="after")
    def _search_fits(self) -> Recipe:
        row, _ = self._network_row
        if self.search.trials and not row.searched:
            raise ValueError(
                "search.trials needs a network with settings to search for, such as svm-rbf; "
                f"{row.name} has none"
            )
        return self

    @model_validator(mode="after")
    def _stopping_has_a_best(self) -> Recipe:
        if self.train.stop_after and self.train.select == "last":
            raise ValueError("train.stop_after needs a best epoch: train.select = uar or loss")
        return self

    @model_validator(mode="after")
    def _distinct_seeds(self) -> Recipe:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds must differ from each other")
        return self

    @property
    def _network_row(self) -> tuple[NetworkKind, dict[str, Any]]:
        """The network's row in the registry, and what was chosen of it."""
        own = dict(self.network)
        return _network(own.pop("name")), own

    @property
    def corpus_opening(self) -> Opening:
        """The corpus and how it is opened."""
        from ser_core.corpora import of_recipe

        return of_recipe(self.model_dump(mode="json", include={"corpus", "reader", "opening"}))

    @property
    def network_choices(self) -> dict[str, Any]:
        """Name of the network and everything that it lets one choose, defaults included."""
        row, own = self._network_row
        chosen = row.choices.model_validate(own).model_dump(mode="json")
        return {"name": row.name, **row.spec.legacy, **chosen}

    def network_spec(self, classes: int) -> NetworkSpec:
        """What the network is built from, for the representation and so many classes."""
        from ser_core.features.representations import make

        row, own = self._network_row
        return row.made(make(**self.representation), classes, **own)

    def as_dict(self) -> dict[str, Any]:
        """Plain values of everything, defaults included, as bundles and MLflow keep them."""
        return {**self.model_dump(mode="json"), "network": self.network_choices}

    @property
    def hash(self) -> str:
        """Sixteen hexadecimal digits that change with everything but the name."""
        # What is not used does not count.
        unused = {"adversarial", "epsilon"} if self.train.adversarial == "none" else set()
        unused |= {"parts"} if self.train.parts == 1 else set()
        unused |= {name for name in ("refit", "balance_corpora") if not getattr(self.train, name)}
        exclude: dict[str, Any] = {"name": True, "train": unused}
        if not self.split.group_copies:
            exclude["split"] = {"group_copies"}
        if not self.fine_tune.on:
            exclude["fine_tune"] = True
        if not self.search.trials:
            exclude["search"] = True
        if not self.opening:
            exclude["opening"] = True
        content = self.model_dump(mode="json", exclude=exclude)
        content["network"] = self.network_choices
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    def to_yaml(self) -> str:
        """The recipe as a file has it, defaults left out."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        usual = type(self).model_fields["network"].default["name"]
        if content.get("network", {}).get("name") == usual:
            content["network"] = {k: v for k, v in content["network"].items() if k != "name"}
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    def save(self, path: Path) -> None:
        """Write as YAML, in one step.

        Raises:
            SerError: If it cannot be written.
        """
        atomic.write(path, self.to_yaml())


NO_CORPUS = (
    "Name the corpus by --corpus PATH, or by `corpus: PATH` in the recipe; `demo` is bundled"
)


def parse(content: Mapping[str, Any]) -> Recipe:
    """Recipe from plain values.

    Raises:
        ParameterError: If a name or a value is wrong; all faults are listed, each with what was
            probably meant.
    """
    if not isinstance(content, Mapping):
        raise ParameterError(
            f"cannot be {content!r:.60}", subject="recipe", remedy="Begin with `corpus: PATH`"
        )
    try:
        return Recipe.model_validate(dict(content))
    except ValidationError as error:
        faults = [_fault(each) for each in error.errors()]
        missing = any(each["loc"] == ("corpus",) for each in error.errors())
        raise ParameterError(
            "; ".join(faults), subject="recipe", remedy=NO_CORPUS if missing else ""
        ) from error


def opened_as(recipe: Recipe, opening: Opening) -> Recipe:
    """The recipe on a corpus that is opened so."""
    own = {"corpus": opening.path, "reader": opening.reader or None, "opening": opening.reading()}
    return recipe.model_copy(update=own)


def load(path: Path, changes: Sequence[str] = ()) -> Recipe:
    """Recipe from a YAML file, with changes as `optim.lr=3e-4`.

    A corpus that is kept by a name is written out: its path, its reader and how it is opened.

    Args:
        path: The file, or the name of a bundled recipe, such as "log-mel-loso".
        changes: Each a dotted name, an equals sign and a value in YAML.

    Raises:
        SerError: If the file cannot be read or is not YAML.
        ParameterError: If a name or a value is wrong.
    """
    content = read(path)
    if SERIES in content:
        names = ", ".join(map(str, content[SERIES] or []))
        raise ParameterError(
            "is a series of recipes, not one", subject=str(path), remedy=f"Name one of {names}"
        )
    return changed(content, changes)


def changed(content: Mapping[str, Any], changes: Sequence[str]) -> Recipe:
    """Recipe from plain values, with changes as `optim.lr=3e-4`.

    Raises:
        ParameterError: If a name or a value is wrong.
    """
    own = copy.deepcopy(dict(content))
    for change in changes:
        _change(own, change)
    return parse(written_out(own))


def written_out(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with what a kept opening says in place of its name.

    Raises:
        CorpusError: If the corpus is a JSON file that is no opening.
    """
    from ser_core.corpora.saved_openings import found

    kept = found(str(content["corpus"])) if content.get("corpus") else None
    if kept is None:
        return dict(content)
    reader = kept.reader or content.get("reader")
    reading = {**kept.reading(), **(content.get("opening") or {})}
    return {**content, "corpus": str(kept.path), "reader": reader, "opening": reading}


def read(path: Path) -> dict[str, Any]:
    """Content of a YAML file as it stands, such as a recipe that leaves the corpus open.

    Args:
        path: The file, or the name of a bundled recipe, such as "log-mel-loso".

    Raises:
        SerError: If the file cannot be read or is not YAML.
    """
    bundled = settings.REPOSITORY / "recipes" / f"{path}.yaml"
    path = bundled if not os.path.lexists(path) and files.is_file(bundled) else path
    try:
        content = load_yaml(files.read_text(path))
    except OSError as error:
        raise SerError(
            f"cannot be read ({error.strerror})",
            subject=files.shortened(path),
            remedy="Give a recipe, a file of YAML",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f" (line {line + 1})" if line is not None else ""
        raise SerError(
            f"is not YAML{where}", subject=str(path), remedy="Compare it with those in recipes/"
        ) from error
    if not isinstance(content, dict):
        raise SerError("is not a recipe", subject=str(path), remedy="Begin with `corpus: PATH`")
    return content


def read_named(name: str, within: Path) -> dict[str, Any]:
    """Content of a recipe that a file names: one beside that file, or a bundled one.

    Raises:
        SerError: If it cannot be read or is not YAML.
    """
    beside = within.parent / name
    return read(beside if files.is_file(beside) else Path(name))


def _change(content: dict[str, Any], change: str) -> None:
    path, equals, value = change.partition("=")
    if not equals:
        raise ParameterError("is not a change", subject=change, remedy="Write --set name=value")
    *sections, name = path.split(".")
    for section in sections:
        inner = content.setdefault(section, {})
        if not isinstance(inner, dict):
            raise ParameterError("is not a section of the recipe", subject=section)
        content = inner
    content[name] = _scalar(value)


def _scalar(text: str) -> Any:
    """YAML value of a text; also of `3e-4`, which YAML 1.1 takes for a word.

    Raises:
        ParameterError: If it is no YAML.
    """
    try:
        value = load_yaml(text)
    except yaml.YAMLError as error:
        raise ParameterError(
            "is not a value of YAML", subject=text, remedy="Put text with signs in quotation marks"
        ) from error
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


SAID = {
    "missing": "is missing",
    "too_short": "needs a value at least",
    "tuple_type": "is not a list",
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
}
"""What pydantic says in the words of a programmer."""


def _network(name: Any) -> NetworkKind:
    from ser_core.models.networks import NETWORKS

    if name not in NETWORKS:
        raise ValueError(f"network.name = {name!r}: {did_you_mean(str(name), NETWORKS)}")
    return NETWORKS[name]


def _fault(error: Any, before: str = "", known: Sequence[str] = ()) -> str:
    """What is wrong at one place, for people.

    Args:
        error: As pydantic reports it.
        before: What the dotted name of the place begins with.
        known: Valid names at the place; looked up in the recipe when empty.
    """
    where = before + ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        names = known or _names(error["loc"][:-1])
        return f"{where} is not known ({did_you_mean(str(error['loc'][-1]), names)})"
    if error["type"] == "literal_error":
        expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{where} = {error['input']!r}: {did_you_mean(str(error['input']), expected)}"
    said = SAID.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    given = "" if error["type"] in ("missing", "value_error") else f" = {error['input']!r}"
    if where == "network":  # what is wrong with it has its own place
        return said
    return f"{where}{given}: {said}" if where else said


def _names(path: Sequence[Any]) -> list[str]:
    model: Any = Recipe
    for part in path:
        model = model.model_fields[part].annotation
    return list(model.model_fields)
