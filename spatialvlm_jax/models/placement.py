"""Where activations live on a mesh: rows stay with the devices that were given them."""

from typing import Any

import jax
from jax.sharding import NamedSharding, PartitionSpec

ROW_AXES = ("data", "fsdp")


def keep_rows(tree: Any) -> Any:
    """Holds the leading axis of activations split over the row axes of the mesh in force.

    Without it the compiler may follow the parameters' split instead: it then gathers every row on
    every device and splits features, which sends activations where weights would be less.

    Args:
      tree: arrays with rows as leading axis.

    Returns:
      The same values; unchanged where no mesh with those axes is in force, as outside a training
      step, or where the rows do not divide.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty or not set(ROW_AXES) <= set(mesh.axis_names):
        return tree
    shards = mesh.shape["data"] * mesh.shape["fsdp"]
    place = NamedSharding(mesh, PartitionSpec(ROW_AXES))
    return jax.tree.map(
        lambda x: x if x.shape[0] % shards else jax.lax.with_sharding_constraint(x, place), tree
    )
