"""Where the things are that questions name: of known numbers, and of the shipped model."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import spatialvlm_jax
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.named_places import NamingQuestion, named_places
from spatialvlm_jax.inference.picture import CameraFacts, open_picture
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models import checkpoint_file
from spatialvlm_jax.scene.records import Scene, canonical_from_up
from spatialvlm_jax.weights.safetensor_files import SafetensorFiles
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.layout import draw_layout
from spatialvlm_jax.worlds.source import chunk_size, render_layouts

TOKENIZER = Tokenizer.from_config("small")
WORDS = "how far is the center of the red mug from the center of the mug?"


def test_a_place_is_read_at_the_last_token_of_its_name() -> None:
    prefix = TOKENIZER.encode_prefix(WORDS)
    values = np.zeros((len(prefix) + 5, 8))
    values[:, 2] = np.arcsinh(1.0)
    values[:, 4] = np.log(np.arange(1, len(values) + 1))
    places = named_places(TOKENIZER, prefix, ("mug", "red mug", "ball"), values)
    spoken = [TOKENIZER.decode([token]).strip() for token in prefix]
    first, second = (place for place, word in enumerate(spoken) if word == "mug")
    np.testing.assert_allclose(places[0], [0, second + 1, 0], atol=1e-9)
    np.testing.assert_allclose(places[1], [0, first + 1, 0], atol=1e-9)
    assert np.isnan(places[2]).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e9])
def test_what_is_no_number_is_no_place(wrong: float) -> None:
    prefix = TOKENIZER.encode_prefix(WORDS)
    values = np.zeros((len(prefix), 8))
    values[:, 1] = wrong
    assert np.isnan(named_places(TOKENIZER, prefix, ("mug",), values)).all()


@pytest.fixture(scope="module")
def shipped() -> LoadedModel:
    return spatialvlm_jax.load("small128")


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    config = WorldConfig.preset("clear", image_size=128)
    layouts = [draw_layout(config, seed=9_200, index=index) for index in range(8)]
    names = [f"clear-{index}" for index in range(8)]
    return render_layouts(layouts, names, config, chunk_size(config))


def distance_question(scene: Scene) -> tuple[NamingQuestion, np.ndarray]:
    """Of the two things that fill most of a picture, and where they are: float64[2, 3]."""
    assert scene.up is not None
    first, second = sorted(
        scene.objects, key=lambda each: -np.ptp(each.box.reshape(2, 2), 0).prod()
    )[:2]
    words = f"how far is the center of the {first.caption} from the center of the {second.caption}?"
    centers = np.stack([first.center, second.center]) @ canonical_from_up(scene.up).T
    return NamingQuestion(words, (first.caption, second.caption)), centers


def test_the_shipped_model_holds_things_to_be_where_they_are(
    shipped: LoadedModel, scenes: list[Scene]
) -> None:
    assert shipped.tells_places
    asked, truth = zip(*map(distance_question, scenes), strict=True)
    pictures = [open_picture(scene.image) for scene in scenes]
    found = shipped.place_each(
        [(picture, [each]) for picture, each in zip(pictures, asked, strict=True)]
    )
    places = np.stack([of_question for (of_question,) in found])
    assert places.shape == (8, 2, 3)
    off = np.linalg.norm(places - np.stack(truth), axis=-1) / np.linalg.norm(truth, axis=-1)
    assert np.median(off) < 0.25
    between = [
        np.linalg.norm(each[:, 0] - each[:, 1], axis=-1) for each in (places, np.stack(truth))
    ]
    assert np.median(np.abs(np.log(between[0] / between[1]))) < 0.3
    # Beside other questions and pictures a place is the same.
    (alone,) = shipped.place_each([(pictures[3], [asked[3], asked[3]])], camera=CameraFacts())
    np.testing.assert_allclose(alone[1], places[3], atol=2e-3)


@pytest.mark.parametrize(
    "lacks", ["dense_head/", "dense_head/mention_norm/", "dense_head/mentions/bias"]
)
def test_weights_that_lack_some_of_the_head_tell_no_places(lacks: str, tmp_path: Path) -> None:
    files = SafetensorFiles(checkpoint_file.shipped("small128"))
    kept = {
        name: files.read(name, [slice(None)] * len(files.shape(name)))
        for name in files.names()
        if not name.startswith(lacks)
    }
    save_file(kept, tmp_path / "bare.safetensors", files.metadata)
    bare = spatialvlm_jax.load(tmp_path / "bare.safetensors")
    assert bare.model.dense_head is not None
    assert not bare.tells_places


def test_a_model_that_was_not_taught_places_says_so(shipped: LoadedModel) -> None:
    experiment = dataclasses.replace(shipped.experiment, dense=None)
    untaught = dataclasses.replace(shipped, experiment=experiment)
    picture = open_picture(np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(UserError, match="not taught to tell where things are"):
        untaught.place_each([(picture, [NamingQuestion(WORDS, ("mug",))])])


def test_names_that_are_none_are_refused(shipped: LoadedModel) -> None:
    picture = open_picture(np.zeros((16, 16, 3), np.uint8))
    for name, said in (("\udcff", "is not in UTF-8"), (" ", "is empty")):
        with pytest.raises(UserError, match=said):
            shipped.place_each([(picture, [NamingQuestion(WORDS, (name,))])])
    assert shipped.place_each([(picture, [])]) == [[]]
