from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.tagging.swap import put_in_place
from pipeline.tagging.tagger import load_tagger
from pipeline.tagging.weights import codebook_version_of, read_manifest, read_tagger, version_of
from tests.tagging import world
from tests.tagging.conftest import NOWHERE

HERE = Path(__file__).parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("before", ["old", "none"])
def test_after_a_kill_at_any_step_the_old_set_or_the_new_one_is_found_whole(tmp_path: Path, before: str) -> None:
    done = subprocess.run(
        [sys.executable, HERE / "dying.py", tmp_path, before], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert [death["dead"] for death in deaths] == [True] * (len(deaths) - 1) + [False]
    assert len(deaths) > 15, "every file is written and moved"
    assert max(death["mended"] for death in deaths) > 5, "mending died too"
    assert all(len(death["found"]) == 1 for death in deaths), deaths
    order = [death["found"][0] for death in deaths]
    turn = order.index("new")
    assert order == [before] * turn + ["new"] * (len(order) - turn)
    assert turn > 0
    assert all(death["left"] == [".slot", "a", "b", "last", "only-new"] for death in deaths)


def test_who_reads_while_taggers_are_replaced_always_finds_a_whole_one(
    two_taggers: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "t"
    shutil.copytree(two_taggers[0], folder)
    versions = {version_of(tagger) for tagger in two_taggers}
    writers = [
        subprocess.Popen([sys.executable, HERE / "replacing.py", "60", folder, *two_taggers[::way]]) for way in (1, -1)
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen |= {read_tagger(folder).version, version_of(folder)}
        assert codebook_version_of(folder) == "proef 1.0 (0123456789ab)"
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen == versions
    assert len(versions) == 2


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_an_interrupted_replacement_is_finished_by_whoever_comes_first(
    two_taggers: tuple[Path, Path], tmp_path: Path, moved: int
) -> None:
    readers = (
        version_of,
        lambda folder: read_tagger(folder).version,
        lambda folder: load_tagger(folder, NOWHERE).version,
        lambda folder: [read_manifest(folder).params.seed, version_of(folder)][1],
        lambda folder: [codebook_version_of(folder), version_of(folder)][1],
    )
    for number, reader in enumerate(readers):
        folder = shutil.copytree(two_taggers[0], tmp_path / str(number))
        ready = shutil.copytree(two_taggers[1], folder / ".klaar-abc", ignore=shutil.ignore_patterns(".slot"))
        for name in ("encoder.safetensors", "heads.safetensors")[:moved]:
            (ready / name).replace(folder / name)
        assert reader(folder) == version_of(two_taggers[1])
        assert not ready.exists()


def test_what_an_unfinished_writer_left_counts_for_nothing_and_goes_with_the_next(
    two_taggers: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(two_taggers[0], tmp_path / "t")
    (folder / ".bouw-x" / "nieuw").mkdir(parents=True)
    (folder / ".bouw-x" / "nieuw" / "tagger.json").write_text("half")
    assert read_tagger(folder).version == version_of(two_taggers[0])
    put_in_place(folder, {"tagger.json": b"{}"}, "tagger.json")
    assert {path.name for path in folder.iterdir()} == {".slot", "tagger.json"}


def test_reading_leaves_no_trace(two_taggers: tuple[Path, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(two_taggers[0], tmp_path / "t", ignore=shutil.ignore_patterns(".slot"))
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    load_tagger(folder, NOWHERE)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_tagger_that_is_replaced_while_it_is_loaded_keeps_the_version_of_its_own_weights(
    two_taggers: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    old, new = two_taggers
    folder = shutil.copytree(old, tmp_path / "t")
    load = transformers.AutoModel.from_pretrained

    def slowly(*arguments: object, **options: object) -> object:
        put_in_place(folder, {path.name: path.read_bytes() for path in new.glob("[!.]*")}, "tagger.json")
        return load(*arguments, **options)

    session = world.session("s", world.GEEN)
    expected = load_tagger(old, NOWHERE).tag(session)
    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", slowly)
    tagger = load_tagger(folder, NOWHERE)
    assert tagger.version == version_of(old)
    assert tagger.tag(session) == expected
    assert version_of(folder) == version_of(new)
    assert load_tagger(new, NOWHERE).tag(session) != expected


def test_asking_for_versions_loads_nothing_heavy(two_taggers: tuple[Path, Path]) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pipeline.tagging.weights import TAG_VERSION, codebook_version_of, read_manifest, version_of\n"
        "folder = Path(sys.argv[1])\n"
        "assert TAG_VERSION and version_of(folder) and read_manifest(folder).trained_on\n"
        "print(codebook_version_of(folder))\n"
        "assert not {'torch', 'transformers', 'peft', 'safetensors'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, two_taggers[0]], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("proef 1.0 (0123456789ab)\n", "")
