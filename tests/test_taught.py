"""Lists of taught types as headers keep them, and those of the shipped checkpoints."""

import hashlib
import json

import pytest

from configs import teach
from configs.common import SMALL_QUESTIONS, SMALL_TYPES
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.models.checkpoint_file import shipped
from spatialvlm_jax.taught import Taught, TaughtNames
from spatialvlm_jax.weights.run_record import RunRecord
from spatialvlm_jax.weights.safetensor_files import SafetensorFiles

# Of all that follows the header of a shipped file: its tensors, one after the other.
TENSORS = {
    "small": "4dc024c7568d8f18270044d25c2a73c00d9bdb84f40c35e2ee82413dbf185595",
    "small128": "5b2a3565b2dc3b8053c8453bdfd0a1edcab8589221b2e292e85882a037e5cfb1",
}
TYPES = {"small": SMALL_TYPES, "small128": (*SMALL_TYPES, *teach.NEW_TYPES)}


@pytest.mark.parametrize("name", TENSORS)
def test_a_shipped_checkpoint_says_what_it_was_taught(name) -> None:
    path = shipped(name)
    content = path.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    assert hashlib.sha256(content[begin:]).hexdigest() == TENSORS[name]
    taught = RunRecord.of(path, SafetensorFiles(path).metadata).taught
    assert taught is not None
    count = SMALL_QUESTIONS.question_phrasings
    assert taught.wordings == dict.fromkeys(TYPES[name], count)


NAMES = TaughtNames(("ball", "trash can"), ("red",))


@pytest.mark.parametrize("names", [None, NAMES, TaughtNames((), ())])
def test_lists_are_read_as_they_were_written(names) -> None:
    taught = Taught({"height": 3, "color": 0}, names)
    assert Taught.of_texts(taught.as_texts(), "a file") == taught


@pytest.mark.parametrize(
    "text", ["", "{", "3", "[]", '{"height": "3"}', '{"height": -1}', '{"a": true}', "[" * 10_000]
)
def test_a_damaged_list_is_refused(text) -> None:
    with pytest.raises(UserError, match=r"^a file has taught .* not numbers of wordings"):
        Taught.of_texts({"taught": text}, "a file")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"nouns": ["ball"]}', '{"nouns": "ball", "adjectives": []}'),
        *('{"nouns": [3], "adjectives": []}', '{"nouns": [""], "adjectives": []}'),
        *('{"nouns": [], "adjectives": [" red"]}', '{"nouns": [], "adjectives": [], "x": []}'),
        "[" * 10_000,
        json.dumps({"nouns": ["ball"] * 1_001, "adjectives": []}),
    ],
)
def test_damaged_names_are_refused(text) -> None:
    with pytest.raises(UserError, match=r"^a file has taught_names .* not lists of nouns and adj"):
        Taught.of_texts({"taught": "{}", "taught_names": text}, "a file")


def test_a_list_beside_weights_is_that_of_their_run(tmp_path) -> None:
    weights = tmp_path / "model.safetensors"
    assert RunRecord.of(weights, {}).taught is None
    assert "taught" not in RunRecord.of(weights, {}).belongs
    (tmp_path / "taught.json").write_text('{"height": 2}\n')
    record = RunRecord.of(weights, {})
    assert record.taught == Taught({"height": 2})
    assert json.loads(record.belongs["taught"]) == {"height": 2}
    (tmp_path / "taught_names.json").write_text(Taught({}, NAMES).as_texts()["taught_names"])
    assert RunRecord.of(weights, {}).taught == Taught({"height": 2}, NAMES)
    # Weights that were copied here say themselves what they are of.
    assert RunRecord.of(weights, {"taught": '{"width": 1}'}).taught == Taught({"width": 1})
    known = {"taught_names": '{"nouns": ["mug"], "adjectives": []}'}
    mug = TaughtNames(("mug",), ())
    assert RunRecord.of(weights, known | {"taught": "{}"}).taught == Taught({}, mug)
    named = RunRecord.of(weights, {"taught": '{"width": 1}'}).with_names(mug)
    assert named.taught == Taught({"width": 1}, mug)
    assert json.loads(named.belongs["taught_names"]) == {"nouns": ["mug"], "adjectives": []}
    (tmp_path / "taught.json").write_text('{"height": "all"}')
    with pytest.raises(UserError, match=r"taught.json has taught"):
        _ = record.taught
