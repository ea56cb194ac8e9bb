from configs import hold, teach
from spatialvlm_jax.generation.questions.generate import generate_pairs
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.source import generate_scenes


def test_every_kind_of_scene_is_new_is_trained_on_and_is_held_out() -> None:
    config = hold.get_config()
    names = ["clear", "gallery", "manipulation", "holding"]
    assert [member.name for member in config.data.datasets] == names
    assert [member.name for member in config.eval.datasets] == names
    assert sum(member.weight for member in config.data.datasets) == 1
    seeds = [member.worlds.seed for member in config.data.datasets]
    before = [worlds.recipe.seed for worlds in (teach.CLEAR, teach.GALLERY, teach.MANIPULATION)]
    assert len({*seeds, *before}) == 7
    assert config.optim.warmup_steps + config.optim.decay_steps == config.train.steps


def test_it_is_asked_how_far_what_is_held_is_from_other_things() -> None:
    config = WorldConfig.preset("holding", image_size=64)
    asked = holding = 0
    for scene in generate_scenes(config, 5, range(16)):
        in_the_air = [
            each.caption
            for each in scene.objects
            if each.support is None and each.category not in ("gripper", "table", "desk")
        ]
        if not in_the_air:
            continue
        holding += 1
        pairs = generate_pairs(scene, hold.HOLDING.recipe.questions, 0)
        asked += sum(
            pair.type == "centre_distance" and in_the_air[0] in pair.question for pair in pairs
        )
    assert holding >= 12
    assert asked >= 1.5 * holding
