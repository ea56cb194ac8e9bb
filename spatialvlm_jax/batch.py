"""The one typed contract between loaders, models and plans: `Batch`, and its shapes.

Axes: B rows (one image each), H x W pixels, L text tokens a row, N image tokens (patches),
E encoder width, V dense values, K words, R features of a ray,
C text tokens about the camera.

A row is one image with one or more question-answer segments packed behind it:

    tokens       BOS where is the mug ? NL left EOS | BOS how far ? NL 2 m EOS | PAD
    targets      .   .     .  .   .   . left EOS .  | .   .   .   . 2  m EOS . | .
    segment_ids  1   1     1  1   1   1  1   1   1  | 2   2   2   2 2  2  2  2 | 0
    suffix_mask  0   0     0  0   0   0  0   1   1  | ...        (True from the first suffix token)
    loss_mask    0   0     0  0   0   0  1   1   0  | ...        (True where `targets` counts)
    positions    0   1     2  3   4   5  6   7   8  | 0   1 ...  (restart with each segment)

`targets[i]` is the token that follows `tokens[i]` in the same segment. The newline that ends the
prefix predicts the first suffix token, so `loss_mask` starts one before `suffix_mask`.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Float32, Int32, UInt8

from spatialvlm_jax.experiment import Experiment, ModelConfig
from spatialvlm_jax.scene.rays import RAY_FEATURES

CAMERA_VALUES = 4  # of `DenseTargets.camera`

# Array: what JAX computes with; NumPy's will do. AnyArray: a shape where nothing is allocated, too;
# type checkers are told nothing of it, because no operation is common to all three. Missing: None,
# where a setting says whether it is, which type checkers cannot follow.
if TYPE_CHECKING:
    Array = jax.Array
    AnyArray = Any
    Missing = Any
else:
    Array = jax.Array | np.ndarray
    AnyArray = Array | jax.ShapeDtypeStruct
    Missing = None


def image_tokens(model: ModelConfig) -> int:
    """How many tokens an image is."""
    return (model.encoder.image_size // model.encoder.patch_size) ** 2


def feature_spec(model: ModelConfig) -> jax.ShapeDtypeStruct:
    """Shape [N, E] and dtype of what the encoder makes of one picture."""
    shape = (image_tokens(model), model.encoder.width)
    return jax.ShapeDtypeStruct(shape, jnp.dtype(model.compute_dtype))


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class DenseTargets:
    """What each image token shows, from rendered truth; an optional auxiliary target.

    labels: class of what fills most of the patch: 0 is background, -1 is not known.
    values: normalised regression targets (log depth, centre, extents, ...).
    value_mask: where `values` are known.
    words: the text tokens that name it (colour and category); 0 is none.
    mention_values: at the last token of each name of an object in a question, what `values` says
      of that object.
    mention_mask: where `mention_values` are known.
    camera: log of the camera's height in metres, and up in its frame; the same for each patch.
    camera_mask: where `camera` is known.
    owners: whose image token it is: 0 the background's, i + 1 object i's.
    mentioned: whose name in a question a text token is part of: 0 no one's, i + 1 object i's. The
      last token of a name is the one that another follows.

    The last four are None where no loss needs them.
    """

    labels: Int32[AnyArray, "B N"]
    values: Float32[AnyArray, "B N V"]
    value_mask: Bool[AnyArray, "B N V"]
    words: Int32[AnyArray, "B N K"]
    mention_values: Float32[AnyArray, "B L V"]
    mention_mask: Bool[AnyArray, "B L V"]
    camera: Float32[AnyArray, "B 4"] | Missing = None
    camera_mask: Bool[AnyArray, "B 4"] | Missing = None
    owners: Int32[AnyArray, "B N"] | Missing = None
    mentioned: Int32[AnyArray, "B L"] | Missing = None


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class CameraInput:
    """What a model is told of the cameras behind a batch's pictures, where it is told.

    rays: what is known along each image token's ray (`scene.rays`).
    words: the tokens of a sentence that stands behind the image, then 0.
    """

    rays: Float32[AnyArray, "B N R"] | Missing = None
    words: Int32[AnyArray, "B C"] | Missing = None


NOT_TOLD = CameraInput()


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Batch:
    """One step's data. Arrays are numpy on the host, jax.Array on devices.

    images: None where `features` stand for them.
    segment_ids: 0 is padding.
    dataset_ids: which data set of the mixture a token comes from.
    dense: optional dense targets.
    features: what the frozen encoder made of the images; None beside `images`.
    camera: what is told of the cameras; nothing by default.
    """

    images: UInt8[AnyArray, "B H W 3"] | Missing
    tokens: Int32[AnyArray, "B L"]
    targets: Int32[AnyArray, "B L"]
    segment_ids: Int32[AnyArray, "B L"]
    positions: Int32[AnyArray, "B L"]
    suffix_mask: Bool[AnyArray, "B L"]
    loss_mask: Bool[AnyArray, "B L"]
    dataset_ids: Int32[AnyArray, "B L"]
    dense: DenseTargets | None = None
    features: Float[AnyArray, "B N E"] | Missing = None
    camera: CameraInput = NOT_TOLD


@dataclasses.dataclass(frozen=True)
class BatchSpec:
    """Shapes of a batch, enough to make abstract or fake ones.

    features: [N, E] and dtype of an image's features, which then stand for the images.
    ray_tokens: image tokens that have a ray each; 0: there are no rays.
    camera_tokens: of the sentence about the camera; 0: there is none.
    """

    batch_size: int
    image_size: int
    length: int
    vocab_size: int
    dense_tokens: int = 0
    dense_values: int = 0
    dense_words: int = 0
    dense_camera: bool = False
    dense_owners: bool = False
    dense_mentioned: bool = False
    features: jax.ShapeDtypeStruct | None = None
    ray_tokens: int = 0
    camera_tokens: int = 0

    @classmethod
    def of(cls, experiment: Experiment, rows: int | None = None) -> "BatchSpec":
        """The shapes of an experiment's batches, of `rows` rows where its own number is not meant.

        With `data.features` a frozen encoder's features stand for the pictures.
        """
        model, data = experiment.model, experiment.data
        dense = experiment.dense if experiment.dense_weight else None
        return cls(
            batch_size=data.batch_size if rows is None else rows,
            image_size=model.encoder.image_size,
            length=data.length,
            vocab_size=model.decoder.vocab_size,
            dense_tokens=image_tokens(model) if dense else 0,
            dense_values=dense.values if dense else 0,
            dense_words=dense.words if dense else 0,
            dense_camera=bool(dense and dense.camera),
            dense_owners=bool(dense and dense.pointer_weight),
            dense_mentioned=bool(dense and (dense.pointer_weight or dense.copy_weight)),
            features=feature_spec(model) if data.features else None,
            ray_tokens=image_tokens(model) if experiment.reads_rays else 0,
            camera_tokens=experiment.camera_tokens,
        )

    def abstract(self) -> Batch:
        """A `Batch` of `jax.ShapeDtypeStruct`."""
        rows, length = self.batch_size, self.length

        def ints() -> jax.ShapeDtypeStruct:
            return jax.ShapeDtypeStruct((rows, length), jnp.int32)

        def bools() -> jax.ShapeDtypeStruct:
            return jax.ShapeDtypeStruct((rows, length), jnp.bool_)

        one = self.features
        return Batch(
            images=None if one else jax.ShapeDtypeStruct(self._image_shape(), jnp.uint8),
            tokens=ints(),
            targets=ints(),
            segment_ids=ints(),
            positions=ints(),
            suffix_mask=bools(),
            loss_mask=bools(),
            dataset_ids=ints(),
            dense=self._abstract_dense() if self.dense_tokens else None,
            features=one and one.update(shape=(rows, *one.shape)),
            camera=self._abstract_camera(),
        )

    def _abstract_dense(self) -> DenseTargets:
        rows, length, values = self.batch_size, self.length, self.dense_values
        of_patches, of_mentions = (rows, self.dense_tokens), (rows, length)

        def array(shape: tuple[int, ...], dtype: Any = jnp.int32) -> jax.ShapeDtypeStruct:
            return jax.ShapeDtypeStruct(shape, dtype)

        of_camera, told = (rows, CAMERA_VALUES), self.dense_camera
        return DenseTargets(
            labels=array(of_patches),
            values=array((*of_patches, values), jnp.float32),
            value_mask=array((*of_patches, values), jnp.bool_),
            words=array((*of_patches, self.dense_words)),
            mention_values=array((*of_mentions, values), jnp.float32),
            mention_mask=array((*of_mentions, values), jnp.bool_),
            camera=array(of_camera, jnp.float32) if told else None,
            camera_mask=array(of_camera, jnp.bool_) if told else None,
            owners=array(of_patches) if self.dense_owners else None,
            mentioned=array(of_mentions) if self.dense_mentioned else None,
        )

    def _abstract_camera(self) -> CameraInput:
        rows, rays, words = self.batch_size, self.ray_tokens, self.camera_tokens
        of_rays = jax.ShapeDtypeStruct((rows, rays, RAY_FEATURES), jnp.float32)
        of_words = jax.ShapeDtypeStruct((rows, words), jnp.int32)
        return CameraInput(of_rays if rays else None, of_words if words else None)

    def _fake_camera(self, rng: np.random.Generator) -> CameraInput:
        made = self._abstract_camera()
        return CameraInput(
            made.rays and rng.normal(size=made.rays.shape).astype(np.float32),
            made.words and rng.integers(3, self.vocab_size, made.words.shape, np.int32),
        )

    def _fake_dense(self, rng: np.random.Generator, suffix: np.ndarray) -> DenseTargets:
        made = self._abstract_dense()
        shape, mentions = made.values.shape, made.mention_values.shape
        dense = DenseTargets(
            labels=rng.integers(0, 4, shape[:2]).astype(np.int32),
            values=rng.normal(size=shape).astype(np.float32),
            value_mask=rng.random(shape) < 0.5,
            words=rng.integers(0, self.vocab_size, made.words.shape, np.int32),
            mention_values=rng.normal(size=mentions).astype(np.float32),
            mention_mask=rng.random(mentions) < 0.1,
        )
        return dataclasses.replace(
            dense,
            camera=made.camera and rng.normal(size=made.camera.shape).astype(np.float32),
            camera_mask=made.camera_mask and rng.random(made.camera_mask.shape) < 0.8,
            owners=made.owners and rng.integers(0, 3, shape[:2]).astype(np.int32),
            mentioned=made.mentioned
            and (rng.integers(0, 3, mentions[:2]) * ~suffix).astype(np.int32),
        )

    def _image_shape(self) -> tuple[int, int, int, int]:
        return self.batch_size, self.image_size, self.image_size, 3

    def fake(self, seed: int, *, segments: int = 2) -> Batch:
        """A random `Batch` with `segments` well-formed segments a row, as numpy arrays."""
        rng = np.random.default_rng(seed)
        rows, length = self.batch_size, self.length
        each = length // segments
        if each < 4:
            raise ValueError(
                f"{segments} segments need at least {4 * segments} tokens, not {length}"
            )
        position = np.arange(length)
        segment_ids = np.minimum(position // each + 1, segments) * (position < each * segments)
        positions = np.where(segment_ids > 0, position - (segment_ids - 1) * each, 0)
        tokens = rng.integers(3, self.vocab_size, (rows, length))
        tokens = np.where(segment_ids > 0, tokens, 0)
        targets = np.where(positions < each - 1, np.roll(tokens, -1, 1), 0)
        suffix = (positions >= each // 2) & (segment_ids > 0)
        loss = (positions >= each // 2 - 1) & (positions < each - 1) & (segment_ids > 0)

        def rowwise(array: np.ndarray, dtype: Any = np.int32) -> np.ndarray:
            return np.broadcast_to(array, (rows, length)).astype(dtype)

        dense = self._fake_dense(rng, suffix) if self.dense_tokens else None
        one = self.features
        return Batch(
            images=None if one else rng.integers(0, 256, self._image_shape(), np.uint8),
            tokens=tokens.astype(np.int32),
            targets=(targets * loss).astype(np.int32),
            segment_ids=rowwise(segment_ids),
            positions=rowwise(positions),
            suffix_mask=rowwise(suffix, np.bool_),
            loss_mask=rowwise(loss, np.bool_),
            dataset_ids=rowwise(np.zeros(length)),
            dense=dense,
            features=one and rng.normal(size=(rows, *one.shape)).astype(one.dtype),
            camera=self._fake_camera(rng),
        )
