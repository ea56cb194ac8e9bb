"""What holds for the repository as a whole: who may import whom, what a set-up may fetch, links."""

import ast
import collections
import functools
import graphlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("spatialvlm_jax", "data_loaders")
CODE = (*PACKAGES, "configs", "benchmarks", "tests")
TEXT_SUFFIXES = {"", *".cfg .css .html .jinja .json .md .py .sh .svg .toml .txt .yaml".split()}
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60
NOT_OURS = (".coverage", ".git")

# What each part may import of the others, beside itself and the common modules.
COMMON = {
    *("atomic_write", "batch", "bounds", "child_processes", "config", "config_file", "errors"),
    *("config_help", "endpoint_client", "experiment"),
    *("flags", "foreign_files", "hardware", "metrics_rows", "migration", "pages", "questions"),
    *("progress", "random_stream", "scene", "si_prefix", "signals", "storage", "streams"),
    *("origin", "ray_cluster", "shared_folder", "taught", "text_table", "units"),
}
MAY_IMPORT = {
    "atomic_write": set(),
    "models": set(),
    "worlds": set(),
    "generation": {"worlds"},
    "conversion": {"generation"},
    "evaluation": set(),
    "inputs": {"weights"},
    "inference": {"evaluation", "generation", "inputs", "models", "training", "weights"},
    "asking": {"evaluation", "inference", "weights"},
    "reasoning": {"generation", "inference"},
    "rewards": {"generation", "inference"},
    "serving": {"inference", "inputs"},
    "weights": {"models"},
    "training": {"models", "weights"},
    "planning": {"models", "training"},
    "rendered_benchmarks": {"evaluation", "generation", "worlds"},
    "sweeps": {"evaluation", "planning", "weights"},
    "browser": {
        *("evaluation", "generation", "inference", "inputs", "reasoning", "serving", "weights"),
        "worlds",
    },
    "scene": set(),
    "storage": {"atomic_write", "foreign_files", "scene"},
    "bounds": {"errors"},
    "questions": {"bounds"},
    "experiment": {"bounds", "questions"},
    "config": {"bounds", "config_file", "experiment", "flags", "foreign_files", "migration"},
    "config_file": {"errors"},
    "flags": {"bounds"},
    "config_help": {"bounds"},
    "migration": set(),
    "errors": set(),
    "hardware": {"errors"},
    "batch": {"experiment", "scene"},
    "child_processes": set(),
    "endpoint_client": {"foreign_files"},
    "metrics_rows": set(),
    "origin": set(),
    "foreign_files": set(),
    "pages": set(),
    "progress": set(),
    "random_stream": set(),
    "ray_cluster": {"errors", "flags"},
    "shared_folder": set(),
    "si_prefix": set(),
    "signals": set(),
    "streams": set(),
    "taught": {"errors"},
    "text_table": set(),
    "units": set(),
}


# Names that modules share because the same caller takes any of them; under the folder named here.
SHARED_NAMES = {
    "add_parser": "spatialvlm_jax/commands",  # of `spatialvlm <verb>`
    "run": "spatialvlm_jax/commands",
    "model_pieces": "spatialvlm_jax/weights",  # of a format of published weights
    "tower_pieces": "spatialvlm_jax/weights",
    "main": "",  # of every script
}


def sources(*folders: str) -> list[Path]:
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted([*files, *ROOT.glob("*.py")])


def text_files() -> list[Path]:
    """The repository's own text, without what git ignores or, in a worktree, points with."""
    folders = [ROOT / name for name in (*CODE, "docs", "requirements", ".ci")]
    files = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    return sorted(
        path
        for path in files
        if path.is_file() and path.suffix in TEXT_SUFFIXES and path.name not in NOT_OURS
    )


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Dotted names that a file imports anywhere, relative ones resolved."""
    names: list[str] = []
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *(node.module.split(".") if node.module else [])])
            names += [f"{stem}.{alias.name}" for alias in node.names]
    return tuple(names)


def within(name: str, allowed: set[str]) -> bool:
    return any(name == each or name.startswith(each + ".") for each in allowed)


def crossings(path: Path) -> Iterator[str]:
    """Imports of a `spatialvlm_jax` file that leave its part of the package for a forbidden one."""
    part = path.relative_to(ROOT / "spatialvlm_jax").with_suffix("").parts[0]
    common = {"errors"} if part in COMMON else COMMON
    allowed = common | {part} | MAY_IMPORT[part]
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "spatialvlm_jax" and rest != "__version__" and not within(rest, allowed):
            yield name


def test_spatialvlm_jax_never_imports_what_is_built_on_it() -> None:
    above = {"data_loaders", "train", "eval", "configs", "tests", "benchmarks"}
    files = sorted((ROOT / "spatialvlm_jax").rglob("*.py"))
    assert len(files) > 10
    found = {f"{p.relative_to(ROOT)}: {n}" for p in files for n in imports(p) if within(n, above)}
    assert not found


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_parts_import_only_what_they_may(part: str) -> None:
    place = ROOT / "spatialvlm_jax" / part
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    found = {f"{path.relative_to(ROOT)}: {name}" for path in files for name in crossings(path)}
    assert not found


def modules() -> dict[str, Path]:
    """Dotted names of the package's and the loaders' modules, and of the entry points."""
    paths = [path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")]
    paths += [ROOT / "train.py", ROOT / "eval.py"]
    dotted = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths}
    return {name.removesuffix(".__init__"): path for path, name in dotted.items()}


def test_no_module_imports_itself_by_way_of_others() -> None:
    found = modules()
    graph = {
        module: {
            name if name in found else name.rpartition(".")[0]
            for name in imports(path)
            if name in found or name.rpartition(".")[0] in found
        }
        for module, path in found.items()
    }
    order = graphlib.TopologicalSorter({name: needs - {name} for name, needs in graph.items()})
    assert set(order.static_order()) == set(found)


def twins(root: Path, files: Iterable[Path]) -> set[str]:
    """Public classes and functions that more than one of the files defines, but for the shared."""
    places: dict[str, set[str]] = collections.defaultdict(set)
    for path in files:
        place = path.relative_to(root).as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                folder = SHARED_NAMES.get(node.name)
                is_shared = folder is not None and place.startswith(folder)
                places[node.name].add(f"{folder}/*" if is_shared else place)
    return {
        f"{name}: {', '.join(sorted(where))}"
        for name, where in places.items()
        if len(where) > 1 and not name.startswith("_")
    }


def test_no_two_things_have_one_name() -> None:
    assert not twins(ROOT, modules().values())


def test_a_second_thing_of_one_name_is_found(tmp_path: Path) -> None:
    files = [tmp_path / "one.py", tmp_path / "two.py"]
    for path in files:
        path.write_text("class Reader: ...\ndef main(): ...\ndef _private(): ...\n")
    assert twins(tmp_path, files) == {"Reader: one.py, two.py"}


# Work of the loaders with a model: a run's data made ready, a model asked held-out questions.
WITH_A_MODEL = {f"{name}.py" for name in ("preparation", "answer_values", "worded_questions")}
WITH_A_MODEL |= {"model_evaluation.py", "other_models.py"}


def test_loaders_do_not_import_models_or_training() -> None:
    above = {f"spatialvlm_jax.{part}" for part in ("models", "training", "evaluation", "cli")}
    files = sorted((ROOT / "data_loaders").rglob("*.py"))
    found = {path.name for path in files for name in imports(path) if within(name, above)}
    assert found == WITH_A_MODEL


def test_importing_the_package_stays_light() -> None:
    heavy = ["jax", "flax", "torch", "transformers", "tensorflow", "ray", "gradio", "matplotlib"]
    code = f"import sys, spatialvlm_jax; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def names_of(requirements: list[str]) -> set[str]:
    """What to import for each requirement."""
    otherwise = {
        "absl-py": "absl",
        "orbax-checkpoint": "orbax",
        "pillow": "pil",
        "scikit-image": "skimage",
    }
    names = {re.split(r"[\[><=!~ ]", requirement)[0].lower() for requirement in requirements}
    return {otherwise.get(name, name.replace("-", "_")) for name in names}


NEEDED_BY_OTHERS = {"flatbuffers"}  # by jax.export, which does not bring it


def test_packages_are_imported_if_and_only_if_they_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = names_of(project["dependencies"])
    extras = project["optional-dependencies"].values()
    optional = set().union(*map(names_of, extras))
    known = {*sys.stdlib_module_names, *CODE, "train", "eval"}
    used = {
        name.partition(".")[0].lower()
        for path in sources(*PACKAGES, "configs", "benchmarks")
        for name in imports(path)
    } - known
    assert used - declared - optional == set()
    assert declared - used == NEEDED_BY_OTHERS


# Each takes a tenth of a second or more, and most commands need none of them.
SLOW_TO_IMPORT = {"inflect", "scipy.ndimage", "scipy.spatial", "scipy.stats"}


def test_extras_and_slow_packages_are_imported_only_inside_the_functions_that_use_them() -> None:
    extras = {"torch", "transformers", "huggingface_hub", "tokenizers", "ray", "OpenEXR"}
    extras |= {"av", "pillow_heif", "wandb"}
    found = []
    for path in sources(*CODE):
        inner = extras if path.is_relative_to(ROOT / "tests") else extras | SLOW_TO_IMPORT
        module = ast.parse(path.read_text(encoding="utf-8"))
        inside = {
            id(node)
            for function in ast.walk(module)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        for node in ast.walk(module):
            if isinstance(node, ast.Import) and id(node) not in inside:
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and id(node) not in inside:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            found += [f"{path.relative_to(ROOT)}: {name}" for name in names if within(name, inner)]
    assert not found


def test_files_and_functions_fit_a_reader() -> None:
    long = []
    for path in sources(*CODE):
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MAX_FILE_LINES:
            long.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > MAX_FUNCTION_LINES:
                    long.append(f"{path.relative_to(ROOT)}: {node.name} has {size} lines")
    assert not long


def test_generation_has_a_folder_for_each_stage() -> None:
    top = {path.stem for path in (ROOT / "spatialvlm_jax" / "generation").glob("*.py")}
    assert top == {"__init__", "pipeline", "settings", "outcomes", "stages"}


def test_no_file_names_a_registry_or_a_machine() -> None:
    # Put together from parts, so that this file passes its own test.
    hosts = ["py" + "pi.org", "python" + "hosted.org", "download.py" + "torch.org"]
    hosts += ["npm" + "js.org", "ana" + "conda.org"]
    places = ["/" + place + "/" for place in ("work", "tmp", "root", "home")]
    forbidden = re.compile(
        "|".join([*map(re.escape, hosts), rf"(?<![\w.}}])(?:{'|'.join(places)})"])
    )
    files = text_files()
    assert ROOT / "requirements" / "core.txt" in files
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert not found


def test_code_runs_no_pickle_and_no_shell() -> None:
    found = []
    for path in sources(*PACKAGES, "configs", "benchmarks"):
        where = path.relative_to(ROOT)
        pickles = {"pickle", "cloudpickle", "dill", "marshal", "joblib"}
        found += [f"{where}: {name}" for name in imports(path) if within(name, pickles)]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
                found.append(f"{where}:{node.lineno}: {node.func.id}")
            for keyword in node.keywords:
                risky = keyword.arg in {"shell", "allow_pickle"}
                if risky and not (
                    isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                ):
                    found.append(f"{where}:{node.lineno}: {keyword.arg}")
    assert not found


def test_files_are_written_whole_or_not_at_all() -> None:
    """A path to write to comes from `whole_file`, and is named `temporary`."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for path in sources(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"write_text", "write_bytes"}
        and ast.unparse(node.value) != "temporary"
    ]
    assert not found


def test_tests_use_public_names_alone() -> None:
    found = []
    for path in sources("tests"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                names = [node.attr]
            elif isinstance(node, ast.ImportFrom):
                names = [alias.name for alias in node.names]
            else:
                continue
            private = [name for name in names if re.match("_(?!_|replace$)", name)]
            if isinstance(node, ast.Attribute) and private:
                private = private if ast.unparse(node.value) not in ("self", "os") else []
            found += [f"{path.relative_to(ROOT)}:{node.lineno}: {name}" for name in private]
    assert not found


def test_nothing_is_left_open_or_skipped() -> None:
    # Put together from parts, so that this file passes its own test.
    words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]
    words += ["pytest." + word for word in ("skip", "importorskip", "mark.skip", "mark.xfail")]
    loose = re.compile("|".join(rf"\b{re.escape(word)}" for word in words))
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources(*CODE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if loose.search(line)
    ]
    assert not found


def test_relative_links_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert ROOT / "README.md" in pages
    broken = []
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
        for target in targets:
            path = target.partition("#")[0]
            if path and "://" not in path and not (page.parent / path).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken
