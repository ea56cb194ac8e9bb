"""More of what `fine` saw, a gripper at work above all, and more weight on where things are.

python train.py --config=configs/finish.py --workdir=runs/finish

The last stage of `make pretrain`, which the shipped checkpoint `small128` comes from: it goes on
from what `fine` made, which had not learned all that patches of 8 pixels can tell. Rewards are read
from where things are (`spatialvlm reward --still`), and what is carried is the hardest to place:
half of what is taught here are pictures of it. Scenes are of the kinds of `fine`, new ones.

It can be stopped and started again by the same command.
"""

from ml_collections import ConfigDict

from configs import fine

STEPS = 2_400
PLACES_WEIGHT = 1.5  # of distances, sizes and places beside names, in the dense loss

CLEAR = fine.CLEAR.again("finish", 4_000, 10_200, share=0.17)
GALLERY = fine.GALLERY.again("finish", 3_000, 10_300, share=0.12)
MANIPULATION = fine.MANIPULATION.again("finish", 9_000, 10_400, share=0.23)
HOLDING = fine.HOLDING.again("finish", 14_000, 10_500, share=0.48)


def get_config() -> ConfigDict:
    worlds = (CLEAR, GALLERY, MANIPULATION, HOLDING)
    config = fine.get_stage("finish", worlds, STEPS, before="fine")
    config.dense.value_weight = PLACES_WEIGHT
    return config
