"""How far a thing in a gripper is from where it is taken to: what `teach` left out.

python train.py --config=configs/hold.py --workdir=runs/hold

A stage of `make pretrain`: it goes on from what `teach` made. Stills of the preset `holding` are of
few objects, one of which is in the gripper, so that most questions for a distance are about it;
scenes of the kinds taught before are mixed in, so that nothing is forgotten, and the learning rate
falls to nothing. Each kind of scene is held out, and evaluated before the first step, too.

It can be stopped and started again by the same command.
"""

import dataclasses

from ml_collections import ConfigDict

from configs import common, teach

STEPS = 1_200


CLEAR = teach.CLEAR.again("hold", 3_000, 9000, share=0.18)
GALLERY = teach.GALLERY.again("hold", 2_000, 9100, share=0.12)
MANIPULATION = teach.MANIPULATION.again("hold", 2_000, 9200, share=0.1)
# What is held touches the gripper, and how far their centers are apart is as good a question as any
# other. What else is asked about are places, which distances come of.
HOLDING = common.Worlds(
    "holding",
    "runs/data/hold_holding",
    dataclasses.replace(
        teach.MANIPULATION.recipe,
        preset="holding",
        seed=9300,
        questions=dataclasses.replace(
            teach.MANIPULATION.recipe.questions,
            pairs_per_image=24,
            spatial_fraction=0.9,
            general_fraction=0.1,
            types=(
                *("centre_distance", "horizontal_distance", "vertical_distance"),
                *("camera_distance", "nearer", "which_nearer", "left_of", "above", "in_front_of"),
                *("color", "category", "existence"),
            ),
            weights={"centre_distance": 5.0, "horizontal_distance": 1.5, "vertical_distance": 1.5},
            max_per_type=12,
            min_gap=0.0,
            min_gap_metres=0.0,
            min_visible_fraction=0.3,
        ),
    ),
    share=0.6,
)


def get_config() -> ConfigDict:
    config = teach.get_stage("hold", (CLEAR, GALLERY, MANIPULATION, HOLDING), STEPS, before="teach")
    config.eval.images = 64
    return config
