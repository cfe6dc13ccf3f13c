"""What pyproject.toml cannot say: where the app lies in an installed package.

In a clone the app is at the top (`app.py`, `pages/`, `artifacts/`). Names such as `pages` must not
land at the top of site-packages, so a wheel carries the same files in the same layout as
`ser_core/_app`; `ser_core.core.settings.REPOSITORY` is the one or the other.
"""

from __future__ import annotations

import shutil

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

APP = [
    "app.py",
    "pages/**/*.py",
    "pages/**/assets/*",
    ".streamlit/config.toml",
    "recipes/*.yaml",
    "requirements.txt",
    "artifacts/demo/**/*",
    "artifacts/pretrained/**/*",
    "artifacts/results/**/*",
]


class Build(build_py):
    """Builds exactly what is named here."""

    def run(self) -> None:
        """Build from nothing: modules that an older `build/` still holds would be packed too."""
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """No modules at the top of the clone, such as this one; `app.py` is among the data."""
        return (
            [] if package == "ser_core._app" else super().find_package_modules(package, package_dir)
        )


setup(
    packages=[
        *find_namespace_packages(include=["ser_core", "ser_core.*"], exclude=["*.__pycache__"]),
        "ser_core._app",
    ],
    package_dir={"ser_core._app": "."},
    package_data={
        "ser_core": [
            "**/*.json",
            "**/*.txt",
            "**/assets/*",
            "**/onnxruntime-web/*",
            "**/silero-vad/*",
        ],
        "ser_core._app": APP,
    },
    include_package_data=False,
    cmdclass={"build_py": Build},
)
