"""The house's own rules: who may import whom, one set of dependencies, no published data, lean notebooks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "crimelib"
MODULES = sorted(PACKAGE.rglob("*.py"))
BOARD_NOTEBOOKS = sorted((ROOT / "notebooks" / "board").glob("*.ipynb"))
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

# In the order that data travels: each may import from itself and from those before it.
LAYERS = (
    "errors",
    "journal",
    "environment",
    "scratch",
    "side_by_side",
    "start_up",
    "settings",
    "views",
    "areas",
    "sources",
    "tables",
    "measures",
    "stats",
    "disclosure",
    "board",
    "explore",
    "kernels",
    "production",
    "illustrative",
    "cli",
    "__main__",
)
# The methods stand by themselves, so that a statistician can read and try them without the rest.
STATS_MAY_IMPORT = {"errors", "measures", "stats"}
STATS_LIBRARIES = {"numpy", "pandas", "scipy", "statsmodels"}
# Kernels know nothing of crime, so that any Jupyter client can have them; no layer's code is loaded in a template.
KERNELS_MAY_IMPORT = {"kernels"}
# Slow to import: only the function that needs one may load it.
LOADED_LATE = {"altair", "great_tables", "jupyterlab", "nbconvert", "papermill", "statsmodels", "vl_convert"}

CONDA_NAMES = {
    "great_tables": "great-tables",
    "jupyter_client": "jupyter-client",
    "playwright-python": "playwright",
    "python-duckdb": "duckdb",
    "python-isal": "isal",
    "typst-py": "typst",
}
LOCKED_PYTHONS = ("3.11.2", "3.12.0", "3.13.0")

MOST_CODE_LINES = 25
ITEM_PAGES = {"02", "03", "04", "05", "06", "07", "08", "09", "11"}
JOINS = {"merge", "merge_asof", "merge_ordered", "join", "concat"}
WRITES = {
    "open",
    "to_csv",
    "to_excel",
    "to_parquet",
    "to_pickle",
    "to_sql",
    "write_bytes",
    "write_text",
    "save",
    "mkdir",
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def layer(path: Path) -> str:
    """The layer a module stands in: its folder under crimelib, or its own name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, dotted and absolute, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{relative(path)}: line {node.lineno}: write the import in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_layers(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("crimelib.")}


# --- imports --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in MODULES if path != PACKAGE / "__init__.py"], ids=relative)
def test_imports_go_one_way(path: Path) -> None:
    own = layer(path)
    assert own in LAYERS, f"{relative(path)} stands in no layer: place {own!r} in LAYERS"
    below = imported_layers(path) - set(LAYERS[: LAYERS.index(own) + 1])
    assert not below, f"{relative(path)} imports from {sorted(below)}, which come after {own}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "stats").rglob("*.py")), ids=relative)
def test_stats_stand_by_themselves(path: Path) -> None:
    assert imported_layers(path) <= STATS_MAY_IMPORT
    outside = {name.split(".")[0] for name in imports(path)} - {"crimelib"} - sys.stdlib_module_names
    assert outside <= STATS_LIBRARIES


@pytest.mark.parametrize("path", sorted((PACKAGE / "kernels").rglob("*.py")), ids=relative)
def test_kernels_know_nothing_of_crime(path: Path) -> None:
    assert imported_layers(path) <= KERNELS_MAY_IMPORT


@pytest.mark.parametrize("module", ["crimelib", "crimelib.cli", "crimelib.board.summary"])
def test_slow_libraries_load_late(module: str) -> None:
    script = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not LOADED_LATE & set(loaded.stdout.split())


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


# --- dependencies ---------------------------------------------------------------------------------


def declared() -> dict[str, Requirement]:
    """The direct dependencies in pyproject.toml, every group included, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"].values()
    lines = project["project"]["dependencies"] + [line for group in groups for line in group]
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


def runtime_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {Requirement(line).name for line in project["dependencies"]}


@cache
def installed() -> Mapping[str, list[str]]:
    return packages_distributions()


def distributions(module: str) -> list[str]:
    """The packages that bring a top-level module, in the spelling of pyproject.toml."""
    return [name.lower().replace("_", "-") for name in installed().get(module, [])]


def locked() -> dict[str, list[Requirement]]:
    """The lock's entries by name: more than one where versions differ by Python."""
    entries = defaultdict(list)
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if re.match(r"\w", line):
            requirement = Requirement(line.removesuffix("\\"))
            entries[requirement.name].append(requirement)
    return entries


def conda_lines() -> list[str]:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    from_pip = [line for entry in environment["dependencies"] if isinstance(entry, dict) for line in entry["pip"]]
    return conda + from_pip


def test_conda_environment_equals_pyproject() -> None:
    lines = [line for line in conda_lines() if not line.startswith("python=") and line != "pip"]
    requirements = map(Requirement, lines)
    conda = {CONDA_NAMES.get(each.name, each.name): str(each.specifier) for each in requirements}
    assert conda == {name: str(requirement.specifier) for name, requirement in declared().items()}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_are_declared(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"crimelib"}
    undeclared = {name for name in outside if not runtime_dependencies() & set(distributions(name))}
    assert not undeclared, f"{relative(path)} imports {sorted(undeclared)}: add to pyproject.toml"


def test_lock_names_no_address() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "://" in line or " @ " in line or line.startswith("-")] == []


def test_every_locked_package_has_hashes() -> None:
    paragraphs = re.split(r"\n(?=\w)", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert [text.split()[0] for text in paragraphs if "--hash=sha256:" not in text] == []


@pytest.mark.parametrize("python", LOCKED_PYTHONS)
def test_lock_satisfies_pyproject(python: str) -> None:
    target = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": "linux",
    }
    entries = locked()
    for name, requirement in declared().items():
        fitting = [entry for entry in entries[name] if entry.marker is None or entry.marker.evaluate(target)]
        assert len(fitting) == 1, f"{name}: run make lock"
        (pin,) = fitting[0].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{name}: run make lock"


# --- published data -------------------------------------------------------------------------------


def git(*arguments: str, given: str = "") -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, input=given, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def tracked_blobs() -> dict[str, str]:
    """Each tracked file by the hash of what is in it."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    rows = (line.partition("\t") for line in git("ls-files", "--stage"))
    return {stage.split()[1]: name for stage, _, name in rows}


def test_no_tracked_file_is_a_copy_of_published_data(published_data: Path) -> None:
    files = [path for path in published_data.rglob("*") if path.is_file() and path.stat().st_size > 1024]
    hashes = git("hash-object", "--no-filters", "--stdin-paths", given="\n".join(map(str, files)))
    assert len(hashes) == len(files) > 0
    tracked = tracked_blobs()
    assert [tracked[blob] for blob in hashes if blob in tracked] == []


# --- notebooks ------------------------------------------------------------------------------------


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def called(tree: ast.AST) -> set[str]:
    """The names a cell calls: ``name(...)`` and ``anything.name(...)``."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=relative)
def test_notebooks_are_committed_without_outputs(path: Path) -> None:
    assert not [cell for cell in code_cells(path) if cell.outputs or cell.execution_count]


@pytest.mark.parametrize("path", BOARD_NOTEBOOKS, ids=relative)
def test_board_notebooks_only_ask_call_and_show(path: Path) -> None:
    trees = [ast.parse(cell.source) for cell in code_cells(path)]
    kinds = {type(node) for tree in trees for node in ast.walk(tree)}
    assert not kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda}
    assert not set().union(*map(called, trees)) & (JOINS | WRITES)


@pytest.mark.parametrize("path", [path for path in BOARD_NOTEBOOKS if path.stem[:2] in ITEM_PAGES], ids=relative)
def test_every_item_s_page_shows_its_wards_ranked_on_a_map_and_in_a_funnel(path: Path) -> None:
    calls = set().union(*(called(ast.parse(cell.source)) for cell in code_cells(path)))
    assert {"wards", "ward_map", "ward_funnel"} <= calls


@pytest.mark.parametrize("path", BOARD_NOTEBOOKS, ids=relative)
def test_board_notebooks_have_one_parameters_cell(path: Path) -> None:
    assert [cell.metadata.get("tags", []).count("parameters") for cell in code_cells(path)].count(1) == 1


@pytest.mark.parametrize("path", BOARD_NOTEBOOKS, ids=relative)
def test_board_notebooks_are_short(path: Path) -> None:
    lines = [line.strip() for cell in code_cells(path) for line in cell.source.splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= MOST_CODE_LINES


def test_test_modules_have_names_of_their_own() -> None:
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, number in names.items() if number > 1] == []
