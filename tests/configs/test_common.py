from configs.common import SMALL_QUESTIONS, SMALL_TYPES
from spatialvlm_jax.generation.questions.generate import generate_pairs
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.source import generate_scenes


def test_what_a_small_model_is_asked_fits_blocks_of_32_tokens() -> None:
    """Of the small model's own words; another length of block would cut pairs off or waste room."""
    tokenizer = Tokenizer.from_config("small128")
    scenes = generate_scenes(WorldConfig.preset("rich"), 5, range(24))
    pairs = [pair for scene in scenes for pair in generate_pairs(scene, SMALL_QUESTIONS, 0)]
    assert {pair.type for pair in pairs} == set(SMALL_TYPES)
    lengths = [
        len(tokenizer.encode_prefix(pair.question)) + len(tokenizer.encode_suffix(pair.answer))
        for pair in pairs
    ]
    assert 15 < max(lengths) <= 32
    assert min(pair.value for pair in pairs if pair.type == "distance") >= 0.2
    assert all(", so " in pair.answer for pair in pairs if pair.type in ("count", "which_left"))
