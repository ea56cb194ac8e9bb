"""CLIP and SigLIP embeddings against the models' own forward pass."""

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, Runtime
from spatialvlm_jax.generation.experts.embedding import ImageTextModel, TextEmbedding
from tests.generation.experts.checkpoints import photos
from tests.generation.experts.conftest import Tiny

pytestmark = pytest.mark.experts

TEXTS = ["a room", "a page of text", "mug"]


def reference(checkpoint: Checkpoint) -> np.ndarray:
    """logits_per_image of the whole model on one photo and TEXTS, by its own processor."""
    import torch
    import transformers as hf

    model = hf.AutoModel.from_pretrained(checkpoint.folder)
    tokens = hf.AutoTokenizer.from_pretrained(checkpoint.folder)(
        TEXTS,
        padding="max_length" if checkpoint.family == "siglip" else "longest",
        truncation=True,
        max_length=model.config.text_config.max_position_embeddings,
        return_tensors="pt",
    )
    images = hf.AutoImageProcessor.from_pretrained(checkpoint.folder, backend="pil")
    pixels = images(images=[photos((24, 40))[0].image], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        output = model.eval()(input_ids=tokens["input_ids"], pixel_values=pixels)
    return np.asarray(output.logits_per_image[0].numpy())


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_scaled_cosines_are_the_logits_of_the_whole_model(tiny: Tiny, kind: str) -> None:
    checkpoint = tiny(kind)
    model = ImageTextModel(checkpoint, Runtime("cpu"))
    ours = model.scale * model.texts(TEXTS) @ model.images(photos((24, 40)))[0]
    theirs = reference(checkpoint)
    # SigLIP adds one bias to all logits.
    np.testing.assert_allclose(ours - ours[0], theirs - theirs[0], atol=1e-4)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_embeddings_have_length_one_and_do_not_depend_on_the_batch(tiny: Tiny, kind: str) -> None:
    one, many = (ImageTextModel(tiny(kind), Runtime("cpu", batch_size=n)) for n in (1, 4))
    sizes = photos((24, 40), (40, 24), (16, 16))
    for alone, together in (
        (one.texts(TEXTS), many.texts(TEXTS)),
        (one.images(sizes), many.images(sizes)),
    ):
        np.testing.assert_allclose(alone, together, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)
        assert alone.dtype == np.float32


def test_a_photo_of_three_rows_is_not_taken_for_three_channels(tiny: Tiny) -> None:
    import torch

    model = ImageTextModel(tiny("clip"), Runtime("cpu"))
    thin = photos((3, 40))[0]
    thin.image[..., 1:] = 0
    pixels = model.vision.prepare(thin.image)
    assert pixels.shape == (3, 16, 16)
    # Red varies, green and blue do not.
    spread = torch.from_numpy(pixels).flatten(1).std(dim=1)
    assert spread[0] > 0.1
    assert spread[1:].max() < 1e-5


def test_captions_are_compared_by_their_meaning_alone(tiny: Tiny) -> None:
    embed = TextEmbedding(ImageTextModel(tiny("clip"), Runtime("cpu")))
    rows = embed(["red mug", "chair", "red mug"])
    np.testing.assert_allclose(rows[0] @ rows[2], 1, atol=1e-5)
    assert rows[0] @ rows[1] < 0.9999
    assert embed([]).shape == (0, rows.shape[1])


def test_texts_longer_than_the_model_reads_are_cut(tiny: Tiny) -> None:
    model = ImageTextModel(tiny("clip"), Runtime("cpu"))
    assert np.isfinite(model.texts(["mug " * 200])).all()
