"""The order of the packages: who may import whom, and what a first import costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

FLOORS = (
    ("core",),
    ("storage", "audio", "tracking"),
    ("jobs", "corpora", "features"),
    ("evaluation", "augment"),
    ("models",),
    ("recipes",),
    ("training",),
    ("runs",),
    ("inference", "ensemble", "sweeps"),
    ("explain", "robustness", "export", "serving"),
    ("plots", "bench"),
    ("reports", "soak"),
    ("api", "cli"),
)
"""Packages of `ser_core`, the lowest first. Each imports from lower floors only, wherever the
import stands: in a function and under TYPE_CHECKING too."""

LEVELS = {package: level for level, floor in enumerate(FLOORS) for package in floor}

HEAVY = ("torch", "pandas", "librosa", "numpy", "sklearn", "mlflow", "streamlit")


def modules(folder: str) -> list[Path]:
    return sorted((REPOSITORY / folder).rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere; `from a import b` counts as a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def crossings() -> Iterator[tuple[str, str]]:
    """Imports from one package of the core into another, but for the front door's."""
    for path in modules("ser_core"):
        here = dotted(path)
        if here in ("ser_core", "ser_core.__main__"):
            continue
        for name in imported(path):
            there = package(name) if name.startswith("ser_core.") else ""
            if there in LEVELS and there != package(here):
                yield here, name


def test_every_package_has_its_floor():
    found = {package(dotted(path)) for path in modules("ser_core")} - {"", "__main__"}
    assert found <= {*LEVELS}


def test_packages_import_from_lower_floors_only():
    upwards = [
        f"{here} imports {name}"
        for here, name in crossings()
        if LEVELS[package(name)] >= LEVELS[package(here)]
    ]
    assert upwards == []


def test_no_package_stands_in_a_cycle():
    below: dict[str, set[str]] = {}
    for here, name in crossings():
        below.setdefault(package(here), set()).add(package(name))
    while free := {name for name in below if not below[name] & {*below}}:
        below = {name: others - free for name, others in below.items() if name not in free}
    assert below == {}


def test_no_module_is_loose_at_the_root():
    loose = {path.name for path in (REPOSITORY / "ser_core").glob("*.py")}
    assert loose <= {"__init__.py", "__main__.py", "api.py"}


def test_every_folder_of_modules_is_a_package():
    folders = {path.parent for path in modules("ser_core")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_core_knows_nothing_of_streamlit():
    found = [dotted(path) for path in modules("ser_core") for name in imported(path)
             if name.split(".")[0] in ("streamlit", "pages")]  # fmt: skip
    assert found == []


def test_a_page_imports_the_core_what_pages_share_and_its_own():
    others = {path.name for path in (REPOSITORY / "pages").iterdir() if path.is_dir()}
    others -= {"components", "__pycache__"}
    strangers = []
    for path in modules("pages"):
        own = path.relative_to(REPOSITORY / "pages").parts[0]
        strangers += [
            f"{dotted(path)} imports {name}"
            for name in imported(path)
            if name.startswith("pages.") and package(name) not in ("components", own)
        ]
    assert len(others) > 5, "no folders of pages were found"
    assert strangers == []


@pytest.mark.parametrize(
    "module", ["ser_core", "ser_core.core.settings", "ser_core.storage.atomic"]
)
def test_the_front_door_is_cheap(module: str):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


INSIDES = 45
"""Largest share of imports between packages, in per cent, that name a module inside another package
instead of the package. To be lowered when a package gets a face, an `__init__` that offers what
others use: most packages above `evaluation` have none. Importing a whole module from its package
(`from ser_core.core import settings`) does not count."""


def between_packages() -> Iterator[tuple[str, str]]:
    yield from crossings()
    for path in modules("pages"):
        yield from ((dotted(path), name) for name in imported(path) if name.startswith("ser_core."))


def inside(name: str) -> bool:
    """Whether an imported name stands in a module, not in the `__init__` of a package."""
    return REPOSITORY.joinpath(*name.split(".")[:-1]).with_suffix(".py").is_file()


def faces() -> set[str]:
    """Names that a package offers, with the modules they come from."""
    found = set()
    for path in modules("ser_core"):
        here = dotted(path)
        if path.name == "__init__.py" and here != "ser_core":
            own = (name for name in imported(path) if name.startswith(f"{here}."))
            found |= {name for name in own if offers(path, name)}
    return found


def offers(init: Path, name: str) -> bool:
    """Whether a name is in `__all__`, and no module has the same."""
    last = name.rpartition(".")[2]
    listed = next(
        (ast.literal_eval(node.value) for node in ast.parse(init.read_text()).body
         if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"), ()
    )  # fmt: skip
    return last in listed and not init.with_name(f"{last}.py").is_file()


def test_what_a_package_offers_is_imported_from_the_package():
    offered = faces()
    past = [f"{here} imports {name}" for here, name in between_packages() if name in offered]
    assert past == []


def test_fewer_imports_reach_inside_other_packages():
    found = [inside(name) for _, name in between_packages()]
    assert 100 * sum(found) / len(found) <= INSIDES


def test_no_module_imports_what_its_own_package_offers():
    """It would find a package that is half loaded."""
    through = []
    for path in modules("ser_core"):
        here = dotted(path).split(".")
        own = {".".join(here[:depth]) for depth in range(2, len(here))}
        through += [
            f"{dotted(path)} imports {name}"
            for name in imported(path)
            if name.rpartition(".")[0] in own and path.name != "__init__.py" and not module(name)
        ]
    assert through == []


def module(name: str) -> bool:
    place = REPOSITORY.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


OPENING = (
    ".read_text(", ".read_bytes(", "pd.read_", "load_file(", "safe_open(",
    "np.load(", "json.load(", "yaml.safe_load(", "yaml.load(", ".open(",
)  # fmt: skip
"""Ways to open a file that wait for a pipe, and read a device without end."""

OWN_FILES = {
    "ser_core/core/files.py": "the door itself",
    "ser_core/core/plain_yaml.py": "the door itself, for YAML",
    "ser_core/core/processes.py": "/proc, of the system",
    "ser_core/audio/loading.py": "has its own check, with the bounds of sound",
    "ser_core/audio/readers.py": "is given files that `loading` has checked",
    "ser_core/augment/waveform/codec.py": "reads and writes memory",
    "ser_core/bench/encoder.py": "a comparison on the user's own encoder",
    "ser_core/bench/machine.py": "/proc, of the system",
    "ser_core/corpora/scanning.py": "reads its own source",
    "ser_core/export/package.py": "its own template, and files it has just written",
    "ser_core/jobs/job.py": "the log of a job of the workbench",
    "ser_core/jobs/supervise.py": "writes the log of a job",
    "ser_core/serving/mlflow_logging.py": "the workbench's own list of requirements",
    "ser_core/soak/garbage.py": "bundled clips",
    "ser_core/bench/servers.py": "the log of its own server",
    "ser_core/soak/service.py": "bundled clips, and answers of its own server",
    "ser_core/soak/kills.py": "what its own processes have written",
    "ser_core/storage/feature_store/entry.py": "the store, which the workbench has written",
    "ser_core/storage/feature_store/store.py": "writes the store",
    "ser_core/storage/parquet.py": "the door itself, for Parquet",
    "ser_core/tracking/writing.py": "files that the workbench has just written",
}
"""Modules that open files otherwise, and why they may."""


def test_files_are_opened_through_one_door():
    """By `ser_core.core.files`, or right after it has looked at the path."""
    past = []
    for path in (*modules("ser_core"), *modules("pages")):
        name = str(path.relative_to(REPOSITORY))
        if name in OWN_FILES:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            near = " ".join(lines[max(0, number - 4) : number + 3])
            opens = any(way in line for way in OPENING) and "def " not in line
            if opens and not any(door in near for door in DOORS):
                past.append(f"{name}:{number + 1}: {line.strip()}")
    assert past == []


DOORS = (
    "files.read_", "files.regular(", "regular(file", "load_yaml(", "BytesIO(",
)  # fmt: skip
"""What stands beside a way to open that is safe."""
