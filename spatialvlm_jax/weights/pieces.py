"""How our parameters relate to the tensors of a published file: data, read in both directions.

Ours are named by path and stack a block's layers along the first axis. A published tensor holds one
layer, or all of them; its axes are permuted, some of them folded into one, some picked out.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.errors import UserError

Shape = tuple[int, ...]


class WeightsError(UserError):
    """Weights that cannot be read or do not fit; the message names the tensor."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """One of our parameters, in published terms.

    ours: its path. shape: its shape.
    tensors: the published tensors, one a layer if there are several or `stacked`.
    axes: the published axes (after `pick`) in our order, before folding; None leaves them.
    published: the published tensor's shape after `pick`, where folding hides it: a kernel
      [width, heads, head size] is ours as [width, heads * head size]. None: ours, unpermuted.
    pick: (axis, index) of the published tensor, where it holds several of our parameters.
    stacked: each tensor is one layer of ours.
    rows: "positions" may be resized, "vocabulary" may be trimmed or padded, "" must fit.
    """

    ours: str
    shape: Shape
    tensors: tuple[str, ...]
    axes: Shape | None = None
    published: Shape | None = None
    pick: tuple[int, int] | None = None
    stacked: bool = False
    rows: str = ""

    @property
    def layer_shape(self) -> Shape:
        """Our shape of what one published tensor holds."""
        return self.shape[1:] if self.stacked else self.shape

    def published_shape(self) -> Shape:
        """Shape of a published tensor after `pick`."""
        if self.published is not None:
            return self.published
        if self.axes is None:
            return self.layer_shape
        shape = [0] * len(self.axes)
        for position, axis in enumerate(self.axes):
            shape[axis] = self.layer_shape[position]
        return tuple(shape)

    def to_published(self, layer: np.ndarray) -> np.ndarray:
        """One layer of ours, or all of it, as a published tensor (before `pick`)."""
        if self.published is not None:
            axes = self.axes or tuple(range(len(self.published)))
            layer = layer.reshape([self.published[axis] for axis in axes])
        if self.axes is not None:
            layer = layer.transpose(np.argsort(self.axes))
        return layer


def check_complete(pieces: Sequence[Piece], shapes: dict[str, Shape]) -> None:
    """Raises WeightsError unless the pieces are exactly the model's parameters, in shape too."""
    described = {piece.ours: piece.shape for piece in pieces}
    for name in sorted(described.keys() ^ shapes.keys()):
        raise WeightsError(
            f"{name} has no place in this format: only SigLIP encoders and Gemma "
            'decoders have; set stem = "patch" and leave the dense head out'
        )
    for name, shape in shapes.items():
        if described[name] != tuple(shape):
            raise WeightsError(f"{name} is {tuple(shape)}, the format has {described[name]}")
