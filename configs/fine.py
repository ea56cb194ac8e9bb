"""Where small things are, and what is which: the shipped checkpoint with four times the patches.

python train.py --config=configs/fine.py --workdir=runs/fine

A stage of `make pretrain`: it goes on from what `carry` made. Patches of 16 pixels are large for a
mug on a table that is seen from where a robot works: most such things fill no quarter of one, so
that no patch is asked about them, and several lie in one. Patches of 8 pixels see as much of their
neighbours as those of 16 did (`stem_overlap`), so that all weights are taken over as they are.
Scenes are of the kinds of `carry`, new ones.

It can be stopped and started again by the same command.
"""

from collections.abc import Sequence

from ml_collections import ConfigDict

from configs import carry, common, teach

STEPS = 3_000
POINTER_WEIGHT = 0.3  # of looking where a named thing is, which is what small ones fail by

CLEAR = carry.CLEAR.again("fine", 4_000, 9800, share=0.2)
GALLERY = carry.GALLERY.again("fine", 3_000, 9900, share=0.14)
MANIPULATION = carry.MANIPULATION.again("fine", 9_000, 10_000, share=0.26)
HOLDING = carry.HOLDING.again("fine", 12_000, 10_100, share=0.4)


def get_config() -> ConfigDict:
    return get_stage("fine", (CLEAR, GALLERY, MANIPULATION, HOLDING), STEPS, before="carry")


def get_stage(name: str, worlds: Sequence[common.Worlds], steps: int, *, before: str) -> ConfigDict:
    """What a stage has whose patches are of 8 pixels."""
    config = teach.get_stage(name, worlds, steps, before=before, model="small128")
    config.dense.weight = carry.DENSE_WEIGHT
    config.dense.pointer_weight = POINTER_WEIGHT
    config.eval.images = 64
    return config
