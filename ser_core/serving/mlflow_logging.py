"""Put a model into MLflow, so that `mlflow models serve` gives a REST endpoint for it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ser_core import tracking
from ser_core.core import settings
from ser_core.inference.classify import PREFIX
from ser_core.models.abilities import name_of
from ser_core.serving.responses import AUDIO
from ser_core.tracking import store

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

    from ser_core.models.predictor import Predictor


@dataclass(frozen=True)
class Logged:
    """A model in MLflow.

    Attributes:
        run: Id of the run that holds it.
        uri: Address of the model, for `mlflow models serve --model-uri`.
    """

    run: str
    uri: str

    def command(self, port: int = 5001) -> str:
        """Command that serves it; `mlflow` looks for its server by the path of programs.

        An address with a password is not written out: it stands in the environment already.
        """
        programs = shlex.quote(str(Path(sys.executable).parent))
        secret = tracking.shown_uri() != tracking.uri()
        store = "" if secret else f"MLFLOW_TRACKING_URI={shlex.quote(tracking.uri())} "
        return (
            f"PATH={programs}:$PATH {store}"
            f"mlflow models serve --model-uri {self.uri} --env-manager local --port {port}"
        )


def log_model(folder: Path) -> Logged:
    """Log a model for serving: its folder, the code that opens it, no pickle.

    Raises:
        ModelError: If there is no model in the folder.
        TrackingError: If the store cannot be written.
    """
    from ser_core.models.predictor import load

    predictor = load(folder)
    name = name_of(predictor.about)
    with tracking.run(name, "serving", description=predictor.card) as run:
        run.params({"model": str(folder), "classes": ", ".join(predictor.classes)})
        return Logged(run.id, _log(folder, predictor, run.id))


def _log(folder: Path, predictor: Predictor, run_id: str) -> str:
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    mlflow.set_tracking_uri(tracking.uri())
    with (
        store.tracking_errors("logging the model"),
        warnings.catch_warnings(),
        TemporaryDirectory() as temporary,
    ):
        # The signature is written out below; an example would be half a megabyte of sound.
        warnings.filterwarnings("ignore", ".*input example.*")
        mlflow.start_run(run_id=run_id)
        try:
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(Path(__file__).with_name("scoring_script.py")),
                artifacts={"model": str(folder.absolute())},
                code_paths=[str(_code(Path(temporary)))],
                signature=_signature(predictor),
                pip_requirements=_requirements(),
            )
        finally:
            # The run stays open: `tracking.run` ends it.
            mlflow.end_run(status="RUNNING")
    return str(logged.model_uri)


def _code(folder: Path) -> Path:
    """A copy of the package without the app and the bundled files that an installed one holds."""
    left_out = shutil.ignore_patterns("_app", "__pycache__")
    return shutil.copytree(settings.PACKAGE, folder / settings.PACKAGE.name, ignore=left_out)


def _signature(predictor: Predictor) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    kinds: dict[str, Any] = {
        "answer": "string", "confidence": "double", "uncertain": "boolean", "problem": "string",
        "seconds": "double", **{PREFIX + name: "double" for name in predictor.classes},
    }  # fmt: skip
    outputs = Schema([ColSpec(kind, name) for name, kind in kinds.items()])
    return ModelSignature(inputs=Schema([ColSpec("string", AUDIO)]), outputs=outputs)


def _requirements() -> list[str]:
    """The pinned requirements without comments; MLflow would otherwise guess them, slowly."""
    text = (settings.REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    lines = (re.sub(r"#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("-")]
