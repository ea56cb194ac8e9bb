"""What `hold` left out: the last centimetres before a grasp, and how far off a carried thing is.

python train.py --config=configs/carry.py --workdir=runs/carry

A stage of `make pretrain`: it goes on from what `hold` made. In most pictures of `hold` gripper and
thing touch, so that it reads a gripper that is near as one that has grasped. Here more pictures are
of any moment of its work, near ones are asked about, too, and what is held is asked for its
distance from the camera more often. Scenes of the kinds taught before are mixed in, so that nothing
is forgotten, and the learning rate falls to nothing. Each kind of scene is held out, and evaluated
before the first step, too.

It can be stopped and started again by the same command.
"""

from ml_collections import ConfigDict

from configs import hold, teach

STEPS = 2_000
DENSE_WEIGHT = 0.5  # of where things are, which is what carried things are told worst

CLEAR = hold.CLEAR.again("carry", 4_000, 9400, share=0.18)
GALLERY = hold.GALLERY.again("carry", 3_000, 9500, share=0.12)
MANIPULATION = hold.MANIPULATION.again("carry", 6_000, 9600, share=0.28).asking(
    weights={**hold.HOLDING.recipe.questions.weights, "camera_distance": 2.0},
    max_per_type=12,
    min_gap=0.0,
    min_gap_metres=0.0,
)
HOLDING = hold.HOLDING.again("carry", 8_000, 9700, share=0.42).asking(
    weights={**hold.HOLDING.recipe.questions.weights, "camera_distance": 3.0},
)


def get_config() -> ConfigDict:
    config = teach.get_stage("carry", (CLEAR, GALLERY, MANIPULATION, HOLDING), STEPS, before="hold")
    config.dense.weight = DENSE_WEIGHT
    config.eval.images = 64
    return config
