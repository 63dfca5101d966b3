from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.domain.errors import InputError, RaamwerkError
from pipeline.tagging.base import build_base, ensure_base, is_complete
from pipeline.tagging.delivery import check_sha256
from pipeline.tagging.pieces import read_kept_pieces
from tests.tagging import container_file as tiny
from tests.tagging import world

REPOSITORY = Path(__file__).parents[2]
KEPT = (0, 1, 2, 3, 4, 5, 7, 8, 9)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "gewichten.bin").write_bytes(tiny.write().data)
    (tmp_path / "kept.txt").write_text("# proef\n0-5 7\n8 9\n")
    build_base(tmp_path / "gewichten.bin", tmp_path / "kept.txt", tmp_path / "base", world.quiet)
    return tmp_path


def test_the_weights_arrive_under_the_names_of_transformers_with_only_the_kept_rows(built: Path) -> None:
    from transformers import AutoModel

    model = AutoModel.from_pretrained(built / "base", add_pooling_layer=False)
    state = {name: weight.numpy() for name, weight in model.state_dict().items()}
    expected = tiny.write().expected
    np.testing.assert_array_equal(state["embeddings.word_embeddings.weight"], expected["emb.word"][list(KEPT)])
    np.testing.assert_array_equal(state["encoder.layer.0.output.dense.weight"], expected["l0.fo.w"])
    np.testing.assert_array_equal(state["encoder.layer.0.attention.self.key.bias"], expected["l0.k.b"])
    assert model.config.layer_norm_eps == pytest.approx(1e-12, rel=1e-9)
    assert sum(weight.size for weight in expected.values()) - 3 * tiny.HIDDEN == sum(
        parameter.numel() for parameter in model.parameters()
    )


def test_the_tokenizer_takes_the_best_scored_path_through_the_kept_pieces(built: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(built / "base")
    assert tokenizer.convert_ids_to_tokens(tokenizer("de\tdekken")["input_ids"]) == [
        "<s>", "\u2581de", "\u2581de", "k", "k", "en", "</s>",
    ]  # fmt: skip
    assert tokenizer("d\u00ade")["input_ids"] == tokenizer("de")["input_ids"]


def test_the_tokenizer_joins_two_texts_as_the_original_does(built: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(built / "base")
    assert tokenizer("de", "en")["input_ids"] == [0, 5, 2, 2, *tokenizer("en")["input_ids"][1:-1], 2]


def test_a_base_is_complete_only_while_every_byte_is_as_it_was(built: Path) -> None:
    base, kept = built / "base", built / "kept.txt"
    assert is_complete(base, kept)
    weights = base / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert not is_complete(base, kept)


@pytest.mark.parametrize("name", ["base.json", "tokenizer.json", "config.json"])
def test_a_base_without_one_of_its_files_is_not_complete(built: Path, name: str) -> None:
    (built / "base" / name).unlink()
    assert not is_complete(built / "base", built / "kept.txt")


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1", '{"recipe": 1, "kept_pieces_sha256": 3, "files": []}'])
def test_a_damaged_mark_makes_no_base(built: Path, text: str) -> None:
    (built / "base" / "base.json").write_text(text)
    assert not is_complete(built / "base", built / "kept.txt")


def test_another_list_of_pieces_asks_for_another_base(built: Path) -> None:
    (built / "kept.txt").write_text("0-9\n")
    assert not is_complete(built / "base", built / "kept.txt")


def test_every_wrong_line_of_the_list_of_pieces_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("0-5\n4 9\nacht\n12-10\n14 13\n20\n")
    with pytest.raises(InputError) as caught:
        read_kept_pieces(path)
    assert [problem.place for problem in caught.value.problems] == [
        "kept.txt, regel 2",
        "kept.txt, regel 3",
        "kept.txt, regel 4",
        "kept.txt, regel 5",
    ]


@pytest.mark.parametrize("kept", ["0-8", "0-9 44", "4 5 7", ""])
def test_a_list_that_lacks_special_pieces_or_names_unknown_ones_is_refused(built: Path, kept: str) -> None:
    (built / "kept.txt").write_text(kept)
    with pytest.raises(InputError, match=r"kept\.txt"):
        build_base(built / "gewichten.bin", built / "kept.txt", built / "ander", world.quiet)


def test_a_file_with_other_bytes_than_expected_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pakket.whl").write_bytes(b"iets anders")
    with pytest.raises(RaamwerkError, match="anders dan verwacht"):
        check_sha256(tmp_path / "pakket.whl", "0" * 64)


def test_the_shipped_list_keeps_the_number_of_pieces_that_its_readme_tells() -> None:
    kept = read_kept_pieces(REPOSITORY / "models" / "base" / "kept_pieces.txt")
    assert len(kept) == 46907
    readme = (REPOSITORY / "models" / "base" / "README.md").read_text(encoding="utf-8")
    assert "46,907" in readme


@pytest.mark.slow
def test_the_real_base_has_the_size_that_was_asked_for_and_reads_dutch(real_base: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(real_base, add_pooling_layer=False)
    assert sum(parameter.numel() for parameter in model.parameters()) == 39_504_000
    tokenizer = AutoTokenizer.from_pretrained(real_base)
    text = "Ze slaapt al maanden op de bank bij haar zus, met z’n vieren op twee kamers."
    assert tokenizer.unk_token_id not in tokenizer(text)["input_ids"]
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text


@pytest.mark.slow
def test_sentences_with_the_same_meaning_lie_nearer_than_others(real_base: Path) -> None:
    import torch

    from pipeline.tagging.encoder import load_encoder

    encoder = load_encoder("raamwerk/e5-small-nl", real_base)
    texts = ["De klant zoekt een baan.", "Deze meneer wil graag werk vinden.", "Het heeft de hele nacht gesneeuwd."]
    with torch.inference_mode():
        vectors = [
            encoder.model(**encoder.tokenizer(t, return_tensors="pt")).last_hidden_state.mean(1)[0] for t in texts
        ]
    same, other = (torch.cosine_similarity(vectors[0], vectors[n], dim=0) for n in (1, 2))
    assert same > other + 0.03


@pytest.mark.slow
def test_a_build_that_is_killed_leaves_no_base_and_the_next_one_finishes_it(tmp_path: Path, real_base: Path) -> None:
    folder, kept = tmp_path / "base", real_base / "kept_pieces.txt"
    code = (
        "from pathlib import Path; from pipeline.tagging.base import ensure_base; "
        f"ensure_base(Path({str(folder)!r}), Path({str(kept)!r}), lambda *_: None)"
    )
    for patience in (1.0, 2.5, 4.0):
        process = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, start_new_session=True)
        time.sleep(patience)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    ensure_base(folder, kept, world.quiet)
    assert is_complete(folder, kept)
    assert not list(folder.glob(".bouw-*"))
    marks = [json.loads((place / "base.json").read_text()) for place in (folder, real_base)]
    assert marks[0] == marks[1]
