"""What must stay true of the repository as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "pipeline").rglob("*.py")
    if "migrations" not in path.parts and path.name != "__main__.py"
)


def test_the_rooms_of_artefacts_hold_no_python() -> None:
    assert [str(path) for room in ("models", "corpora") for path in (ROOT / room).rglob("*.py")] == []


def test_only_the_door_and_the_store_make_a_pseudonymised_transcript() -> None:
    makers = {
        path.relative_to(ROOT / "pipeline").parts[0]
        for path in (ROOT / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) == "PseudonymisedTranscript"
    }
    assert makers <= {"pseudonymise", "store"}
    assert "pseudonymise" in makers


def test_our_generic_package_names_belong_to_us_alone() -> None:
    owners = packages_distributions()
    assert set(owners["pipeline"]) == {"raamwerk"}
    assert set(owners["flows"]) == {"raamwerk"}
    assert not {"models", "corpora", "tests"} & set(owners)


def test_importing_any_module_loads_nothing_heavy_and_touches_nothing(tmp_path: Path) -> None:
    script = (
        "import importlib, logging, sys\n"
        f"for name in {MODULES!r}:\n"
        "    importlib.import_module(name)\n"
        "heavy = sorted({'torch', 'transformers', 'spacy', 'deduce', 'prefect'} & set(sys.modules))\n"
        "assert not heavy, heavy\n"
        "assert not logging.getLogger().handlers\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_answers_without_heavy_imports() -> None:
    script = (
        "import sys\n"
        "from pipeline.cli import main\n"
        "sys.argv = ['raamwerk', '--help']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "assert not {'torch', 'spacy', 'sqlalchemy', 'numpy', 'prefect'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ingest" in done.stdout


def test_every_verb_is_in_the_readme_and_shows_an_example() -> None:
    from typer.main import get_command

    from pipeline.cli import app

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        assert f"raamwerk {name}" in readme, name
        assert f"Voorbeeld: raamwerk {name}" in command.help, name


def test_every_stage_of_dvc_has_a_description() -> None:
    import yaml

    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert all(stage.get("desc") for stage in stages.values())


def test_flows_stay_thin() -> None:
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "flows").glob("*.py"))
    assert lines <= 200


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [need for extra in project["optional-dependencies"].values() for need in extra]
    pins = {line.split("==")[0].lower().replace("_", "-") for line in _constraints()}
    names = {re.split(r"[\[<>=!~; ]", need)[0].lower().replace("_", "-") for need in wanted}
    assert names <= pins


def test_constraints_name_exact_versions_and_no_places() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line) for line in _constraints())


def _constraints() -> list[str]:
    return (ROOT / "constraints.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE"])
def test_the_papers_are_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 200
