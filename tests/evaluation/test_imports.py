"""Reading a score costs no heavy import."""

import subprocess
import sys


def test_evaluation_is_cheap_to_import():
    heavy = ["torch", "sklearn", "scipy.stats", "scipy.optimize", "mlflow", "librosa", "streamlit"]
    code = f"import sys, ser_core.evaluation; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
