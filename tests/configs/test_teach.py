from configs import pretrain, teach
from spatialvlm_jax.generation.questions.generate import generate_pairs
from spatialvlm_jax.reasoning.sub_question import WORDS
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.source import generate_scenes


def test_all_that_plans_ask_and_all_that_was_taught_before_is_taught() -> None:
    before = set(pretrain.CLEAR.recipe.questions.types)
    for worlds in (teach.CLEAR, teach.GALLERY, teach.MANIPULATION):
        assert before | set(WORDS) <= set(worlds.recipe.questions.types)
    assert set(WORDS) - before == set(teach.NEW_TYPES)


def test_every_kind_of_scene_is_trained_on_and_held_out() -> None:
    config = teach.get_config()
    names = ["clear", "gallery", "manipulation"]
    assert [member.name for member in config.data.datasets] == names
    assert [member.name for member in config.eval.datasets] == names
    assert {member.split for member in config.eval.datasets} == {"validation"}
    seeds = [member.worlds.seed for member in config.data.datasets]
    others = [worlds.recipe.seed for worlds in (pretrain.CLEAR, pretrain.GALLERY)]
    assert len({*seeds, *others}) == 5
    assert config.optim.warmup_steps + config.optim.decay_steps == config.train.steps


def test_stills_of_a_gripper_ask_how_far_it_is_from_what_it_is_to_grasp() -> None:
    scenes = list(generate_scenes(WorldConfig.preset("manipulation", image_size=64), 5, range(16)))
    questions = teach.MANIPULATION.recipe.questions
    asked = 0
    for scene in scenes:
        pairs = generate_pairs(scene, questions, 0)
        assert len(pairs) >= 16
        apart = [pair for pair in pairs if pair.type == "centre_distance"]
        asked += any("gripper" in pair.question for pair in apart)
    assert asked >= 12
