"""From a study to an ensemble that can be used: which models go in, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ser_core
from ser_core.core import ModelError, ParameterError, did_you_mean, files
from ser_core.ensemble.optimisation import Study, summary
from ser_core.features.encoders.catalogue import encoder_of
from ser_core.runs.layout import SPLIT, splits_beside

if TYPE_CHECKING:
    from ser_core.ensemble.members import Member, Team
    from ser_core.models.bundle import Bundle
    from ser_core.models.ensemble import Ensemble
    from ser_core.models.pooling import Pool


def assemble(
    study: Study,
    name: str,
    deploy: Mapping[str, Path] | None = None,
    *,
    enrolled: Study | None = None,
    seen: Study | None = None,
) -> Ensemble:
    """An ensemble with its models, ready to be saved.

    Each member brings the models of all its folds and seeds, averaged; or, where `deploy` says so,
    one that was trained otherwise, as on all speakers. Members of no weight bring none.

    Args:
        study: What the search came to.
        name: Display name.
        deploy: Folder of a bundle, or of a run, by id or name of the member's run.
        enrolled: Study of the same members with enrolled speakers: its pool is used for a speaker
            that is enrolled.
        seen: Study of runs that were tested on speakers of their training: its pool is used for
            such speakers. Runs that `deploy` names are the same members; others become members
            that are asked about such speakers alone.

    Raises:
        ModelError: If a model cannot be opened, or has other emotions.
        ParameterError: If `deploy` names a run that is no member.
    """
    from ser_core.models.bundle import load_bundle
    from ser_core.models.ensemble import Ensemble

    instead = _instead(study.team, deploy or {})
    chosen = _chosen(study.team, instead, seen)
    given = {"": study, "enrolled": enrolled, "seen": seen}
    studies = {key: each for key, each in given.items() if each is not None}
    pools = {key: each.pool.over(_places(each, chosen)) for key, each in studies.items()}
    models: list[tuple[Bundle, ...]] = []
    members: list[dict[str, Any]] = []
    splits: dict[str, bytes] = {}
    for number, (member, other) in enumerate(chosen):
        asked = any(pool.weights[number] > 0 for pool in pools.values())
        folders = (_bundles_in(other) if other else member.bundles) if asked else []
        own = tuple(_plain(load_bundle(folder)) for folder in folders)
        _require_classes(member, own, study)
        models.append(own)
        splits |= _split_files(number, folders)
        members.append(_about_member(number, member, folders, own, other))
    about = _about(study, name, members) | _pooled(pools[""])
    fields: dict[str, Any] = {}
    for key, each in studies.items():
        of = f"_{key}" if key else ""
        fields[f"pool{of}"], fields[f"predictions{of}"] = pools[key], each.predictions
        fields[f"trials{of}"] = each.found.table()
        if key:
            about[key] = {**_came(each), **_pooled(pools[key]), **_measured_on(each)}
    return Ensemble(models=tuple(models), about=about, splits=splits, **fields)


def _split_files(number: int, folders: Sequence[Path]) -> dict[str, bytes]:
    """The file of the split of a member's models, by its place in the ensemble; {} without one."""
    found = next((file for folder in folders for file in splits_beside(folder)), None)
    return {f"members/{number}/{SPLIT}": files.read_bytes(found)} if found else {}


def _chosen(
    team: Team, instead: Mapping[str, Path], seen: Study | None
) -> list[tuple[Member, Path | None]]:
    """Members, and what is used instead of their models; last those that `seen` alone has."""
    found = [(member, instead.get(member.candidate.run.id)) for member in team.members]
    used = {_run_of(folder) for _, folder in found if folder}
    own = {member.candidate.run.id for member, folder in found if folder is None}
    for member in seen.team.members if seen else ():
        run = member.candidate.run
        if run.folder.resolve() not in used and run.id not in own:
            found.append((member, None))
    return found


def _run_of(folder: Path) -> Path:
    """Folder of the run that a folder is, or that a bundle in it belongs to."""
    inside = folder.resolve()
    return inside.parent.parent if (inside / "bundle.json").is_file() else inside


def _places(study: Study, chosen: Sequence[tuple[Member, Path | None]]) -> list[int | None]:
    """Number of each member in a study; None for those that it did not measure."""
    own = {
        member.candidate.run.folder.resolve(): number
        for number, member in enumerate(study.team.members)
    }
    places = [
        (member.candidate.run.folder.resolve(), _run_of(other) if other else None)
        for member, other in chosen
    ]
    return [own.get(run, own.get(other) if other else None) for run, other in places]


def _pooled(pool: Pool) -> dict[str, Any]:
    """Weights, and coefficients where members are stacked, as `ensemble.json` has them."""
    stacking = {} if pool.stacking is None else {"stacking": asdict(pool.stacking)}
    return {"weights": list(pool.weights), **stacking}


def _measured_on(study: Study) -> dict[str, Any]:
    """Split and clips that a study was measured on."""
    return {"split": _split(study), "corpus": _corpus(study), "fit_on": study.fit_on}


def _plain(bundle: Bundle) -> Bundle:
    """The model without its predictions: the ensemble has its own.

    An ensemble travels: of the corpus it says the name, not where it lay on this computer, and of
    an encoder nothing but its weights.
    """
    about = dict(bundle.about)
    recipe = dict(about.get("recipe", {}))
    if "corpus" in recipe:
        recipe["corpus"] = Path(recipe["corpus"]).name
    for each in (about, recipe):
        if "encoder" in each.get("representation", {}):
            each["representation"] = {**each["representation"], "encoder": ""}
    return replace(bundle, about={**about, "recipe": recipe}, predictions=None)


def _instead(team: Team, deploy: Mapping[str, Path]) -> dict[str, Path]:
    """Folders to use instead of a run's own models, by id of the run."""
    runs = [member.candidate.run for member in team.members]
    known = {key: run.id for run in runs for key in (run.name, run.id, str(run.folder))}
    found = {}
    for key, folder in deploy.items():
        resolved = key if key in known else str(Path(key).absolute())
        if resolved not in known:
            raise ParameterError(
                "is no member", subject=key, remedy=did_you_mean(key, [run.name for run in runs])
            )
        found[known[resolved]] = Path(folder)
    return found


def _bundles_in(folder: Path) -> list[Path]:
    if (folder / "bundle.json").is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob("fold-*-seed-*/bundle/bundle.json"))
    if not found:
        raise ModelError(
            "holds no model", subject=str(folder), remedy="Name the folder of a bundle or of a run"
        )
    return found


def _require_classes(member: Member, models: tuple[Bundle, ...], study: Study) -> None:
    for model in models:
        if sorted(model.classes) != sorted(study.team.stack.classes):
            raise ModelError(
                f"has the classes {', '.join(model.classes)}, the ensemble "
                f"{', '.join(study.team.stack.classes)}",
                subject=f"a model of {member.name}",
                remedy="Deploy a model of the same emotions",
            )


def _about_member(
    number: int,
    member: Member,
    folders: list[Path],
    models: tuple[Bundle, ...],
    given: Path | None,
) -> dict[str, Any]:
    run = member.candidate.run
    names = [_name(folder, i) for i, folder in enumerate(folders)]
    return {
        "name": member.name,
        "run": run.id,
        "seeds": list(member.seeds),
        "folds": len(member.candidate.folds),
        "representation": run.representation,
        "bundles": [f"members/{number}/{name}" for name in names],
        "enrols": any(model.enrols for model in models),
        "deployed": _trained_on(models[0]) if given and models else None,
        **_encoder(models),
    }


def _encoder(models: tuple[Bundle, ...]) -> dict[str, Any]:
    """Origin and licence of the pretrained encoder of a member; {} where it has none."""
    origin = encoder_of(models[0].about) if models else None
    if origin is None:
        return {}
    return {
        "encoder": {
            "title": origin.title,
            "licence": origin.licence,
            "pretrained_on": origin.pretrained_on,
            "tuned": bool(models[0].about["representation"].get("tuned_from")),
        }
    }


def _name(folder: Path, number: int) -> str:
    """Name of a model's folder among those of its member."""
    parent = folder.parent.name
    return parent if folder.name == "bundle" and parent.startswith("fold-") else f"model-{number}"


def _trained_on(model: Bundle) -> dict[str, Any]:
    """What is said of a model that takes the place of those that were measured."""
    about = model.about
    split, corpus = about.get("split", {}), about.get("corpus", {})
    return {
        "recipe": about.get("recipe", {}).get("name", ""),
        "recipe_hash": about.get("recipe_hash", ""),
        "policy": split.get("policy", ""),
        "train_clips": corpus.get("train_clips"),
    }


def _about(study: Study, name: str, members: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "classes": list(study.team.stack.classes),
        "pooling": study.pool.kind,
        **_came(study),
        "members": members,
        "options": asdict(study.options),
        "fit_on": study.fit_on,
        "corpus": _corpus(study),
        "split": _split(study),
        "provenance": {"made": time.time(), "version": ser_core.__version__},
    }


def _corpus(study: Study) -> dict[str, Any]:
    split = study.team.split
    return {
        "name": split.corpus,
        "licence": _licence(study),
        "clips_hash": split.clips_hash,
        "test_clips": study.report.n,
        "test_speakers": study.report.speakers,
    }


def _split(study: Study) -> dict[str, Any]:
    split = study.team.split
    return {
        "policy": split.policy,
        "seed": split.seed,
        "hash": split.hash,
        "folds": len(study.team.members[0].candidate.folds),
        "audit": study.team.audit.as_dict(),
    }


def _came(study: Study) -> dict[str, Any]:
    """What a study came to: all that differs with and without enrolment."""
    results = summary(study)
    return {
        "weights": list(study.pool.weights),
        "temperature": study.pool.temperature,
        "threshold": study.threshold,
        "metrics": results.pop("metrics"),
        "results": results,
    }


def _licence(study: Study) -> str:
    """Licence of the corpus, from the first member's model."""
    from ser_core.storage import read_json

    for member in study.team.members:
        for folder in member.bundles:
            about = read_json(folder / "bundle.json") or {}
            return str(about.get("corpus", {}).get("licence") or "")
    return ""
