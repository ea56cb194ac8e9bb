"""Optimisers and schedules, built from masks over parameter names.

Matrices are the parameters named ".../kernel" and those of adapters; in stacked blocks the leading
axis counts layers.
Everything else (biases, norm scales, positions, the token table) is neither decayed nor
orthogonalised.
"""

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from optax.contrib import MuonDimensionNumbers

from spatialvlm_jax.experiment import OptimConfig
from spatialvlm_jax.models.adapters import is_adapter
from spatialvlm_jax.models.variants import group_of

# Root mean square of an AdamW update is about this; with it Muon takes AdamW's learning rates and
# decay (Liu et al., "Muon is Scalable for LLM Training", arXiv 2502.16982, section 2.2).
MUON_RMS = 0.2
MUON_MOMENTUM = 0.95
# Adafactor's second moments forget as 1 - t^-0.8 (arXiv 1804.04235, section 7.2), at most as `b2`.
ADAFACTOR_DECAY = 0.8


PATCH_RAYS = "camera/patches/"  # how the names begin of what adds rays to patches


def parameter_group(name: str) -> str:
    """The group a parameter belongs to, for freezing and learning rates."""
    return group_of(tuple(name.split("/")))


def is_frozen(name: str, config: OptimConfig) -> bool:
    """Whether the parameter is in a frozen group; adapters always train.

    What is added inside of the encoder is frozen with it: to train it, the gradient would have to
    go through the encoder, whose features could not be kept.
    """
    within_encoder = name.startswith(PATCH_RAYS) and "encoder" in config.freeze
    return (within_encoder or parameter_group(name) in config.freeze) and not is_adapter(name)


def is_decayed(name: str) -> bool:
    """Whether weight decay applies: to matrices only."""
    return name.endswith("/kernel") or is_adapter(name)


def muon_dimensions(name: str, rank: int) -> MuonDimensionNumbers | None:
    """How Muon reads a block's matrix, [layer, in, out] or [in, out]; None leaves it to Adam."""
    if "/blocks/" not in name or not name.endswith("/kernel"):
        return None
    return MuonDimensionNumbers(reduction_axis=rank - 2, output_axis=rank - 1)


def learning_rate(config: OptimConfig, steps: int) -> optax.Schedule:
    """Learning rate of update `step`, counted from 0.

    The warm-up rises linearly and reaches `peak_lr` at update `warmup_steps`; no update has
    learning rate 0. Then "constant" stays, "cosine" falls to `end_lr` at update `steps`, "wsd"
    stays and falls linearly over the last `decay_steps`.
    """
    decay = config.decay_steps if config.schedule == "wsd" else 0
    peak, end, warmup = config.peak_lr, config.end_lr, config.warmup_steps

    # Not optax.join_schedules: its pieces round otherwise, by some 1e-6 of the rate, and losses of
    # runs that are resumed would change with them.
    def schedule(step: Any) -> jax.Array:
        step = jnp.asarray(step, jnp.float32)
        rate = jnp.full_like(step, peak)
        if config.schedule == "cosine":
            progress = jnp.clip((step - warmup) / max(steps - warmup, 1), 0, 1)
            rate = end + (peak - end) * 0.5 * (1 + jnp.cos(math.pi * progress))
        elif config.schedule == "wsd":
            left = jnp.clip((steps - step) / max(decay, 1), 0, 1)
            rate = end + (peak - end) * left
        return jnp.where(step < warmup, peak * (step + 1) / (warmup + 1), rate)

    return schedule


def make_optimizer(config: OptimConfig, steps: int) -> optax.GradientTransformation:
    """The optimiser of the trainable parameters, a flat dictionary by name.

    Clip by global norm; Adam, Muon or Adafactor; decoupled weight decay on matrices; group
    factors; learning rate.

    Raises:
      UserError: the schedule does not fit the run.
    """
    return optax.chain(
        optax.clip_by_global_norm(config.clip_norm) if config.clip_norm else optax.identity(),
        _direction(config),
        optax.add_decayed_weights(
            config.weight_decay, lambda tree: {name: is_decayed(name) for name in tree}
        ),
        _scale_groups(config.lr_multipliers),
        optax.scale_by_learning_rate(learning_rate(config, steps)),
    )


def _direction(config: OptimConfig) -> optax.GradientTransformation:
    if config.optimizer == "adafactor":
        return _adafactor(config)
    adam = optax.scale_by_adam(b1=config.b1, b2=config.b2, mu_dtype=config.moment_dtype)
    if config.optimizer == "adamw":
        return adam

    def dimensions(tree: Mapping[str, Any]) -> dict[str, Any]:
        # Of the parameters that are Adam's, the tree holds a placeholder, and wants one back.
        masked = optax.MaskedNode()
        return {name: muon_dimensions(name, _rank(x)) or masked for name, x in tree.items()}

    def kinds(tree: Mapping[str, Any]) -> dict[str, str]:
        return {
            name: "muon" if muon_dimensions(name, _rank(x)) else "adam" for name, x in tree.items()
        }

    muon = optax.chain(
        optax.contrib.scale_by_muon(
            beta=MUON_MOMENTUM,
            mu_dtype=config.moment_dtype,
            weight_dimension_numbers=dimensions,
        ),
        _scale_by_fan(),
    )
    return optax.partition({"muon": muon, "adam": adam}, kinds)


def _adafactor(config: OptimConfig) -> optax.GradientTransformation:
    """Factored second moments under a first one, not scaled by the size of parameters.

    So it takes AdamW's learning rates (Zhai et al., "Scaling Vision Transformers", arXiv
    2106.04560, section 3.5).
    """

    def decay(step: Any, power: Any) -> jax.Array:
        return jnp.minimum(1.0 - (step + 1.0) ** -power, config.b2)

    second = optax.scale_by_factored_rms(decay_rate=ADAFACTOR_DECAY, decay_rate_fn=decay)
    if not config.b1:
        return second
    return optax.chain(second, optax.ema(config.b1, accumulator_dtype=config.moment_dtype))


def _rank(x: Any) -> int:
    return getattr(x, "ndim", 0)


def _scale_by_fan() -> optax.GradientTransformation:
    """Gives an orthogonal update of any shape the root mean square `MUON_RMS`."""

    def scale(update: jax.Array) -> jax.Array:
        return update * (MUON_RMS * math.sqrt(max(update.shape[-2:])))

    return optax.stateless(lambda updates, _: jax.tree.map(scale, updates))


def _scale_groups(factors: Mapping[str, float]) -> optax.GradientTransformation:
    return optax.stateless(
        lambda updates, _: {
            name: update * factors[parameter_group(name)]
            if parameter_group(name) in factors
            else update
            for name, update in updates.items()
        }
    )
