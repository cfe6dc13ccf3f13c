"""What MLflow runs to serve a model: this file is kept as text beside the model's folder.

Not to be imported: it is executed by `mlflow.pyfunc.load_model`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from ser_core.inference.classify import open_model
from ser_core.serving.responses import AUDIO, answers


class Served(PythonModel):
    """A bundle or an ensemble behind MLflow's interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open the model that was stored with this file."""
        self.model = open_model(Path(context.artifacts["model"]))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Predictions on the sounds in the column `audio`."""
        return answers(self.model, model_input[AUDIO].tolist())


mlflow.models.set_model(Served())
