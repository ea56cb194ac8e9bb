"""Dense targets: what each image token shows, from stored truth.

The label of a patch is that of the object which covers most of it, if that is at least a quarter
of the patch (objects on small pictures are small), else 0 for background. Values are those of that
object (`scene.object_values`); a background patch knows its depth only.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from data_loaders.errors import DataError
from data_loaders.functional import BatchRow, Pair
from spatialvlm_jax.batch import CAMERA_VALUES, DenseTargets
from spatialvlm_jax.experiment import DenseConfig, ModelConfig
from spatialvlm_jax.generation.wording.phrasing import plural
from spatialvlm_jax.inputs.name_tokens import encode_name, find_names
from spatialvlm_jax.inputs.pictures import Placement, resize_nearest
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.object_values import OBJECT_VALUES, SMALLEST_METRES, object_values
from spatialvlm_jax.scene.records import QA, canonical_from_up
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.worlds.catalog import CATEGORIES, COLORS

MIN_COVERAGE = 0.25
_CATEGORY_INDEX = {name: index for index, name in enumerate(CATEGORIES)}
_COLOR_INDEX = {name: index for index, name in enumerate(COLORS)}


def dense_labels() -> int:
    """How many labels there are: background, and every category in every colour."""
    return 1 + len(CATEGORIES) * len(COLORS)


def object_label(category: str, color: str) -> int:
    """1 + category index * colours + colour index; 0 for words the worlds do not have."""
    if category not in _CATEGORY_INDEX or color not in _COLOR_INDEX:
        return 0
    return 1 + _CATEGORY_INDEX[category] * len(COLORS) + _COLOR_INDEX[color]


def label_words(tokenizer: Tokenizer, words_each: int, *, plurals: bool = False) -> np.ndarray:
    """The text tokens that name each label, colour then category: int32[labels, words_each].

    0 where a name is shorter, and for the background; a longer name is cut. With `plurals` what
    the plural says otherwise ("mugs") stands behind them, if it is one token: pieces such as "es"
    name nothing.
    """
    words = np.zeros((dense_labels(), words_each), np.int32)
    for category in CATEGORIES:
        one, many = (tokenizer.encode(name) for name in (category, plural(category)))
        other = tuple(token for token in many if token not in one) if plurals else ()
        for color in COLORS:
            tokens = tokenizer.encode_suffix(f"{color} {category}")[:-1]
            tokens = (*tokens, *other)[:words_each] if len(other) == 1 else tokens[:words_each]
            words[object_label(category, color), : len(tokens)] = tokens
    return words


def camera_values(example: StoredExample) -> tuple[np.ndarray, np.ndarray]:
    """Log camera height in metres and up in the camera frame: float32[4], and bool[4]: known."""
    camera, values = example.camera(), np.full(CAMERA_VALUES, np.nan)
    if camera.height is not None:
        values[0] = np.log(max(camera.height, SMALLEST_METRES))
    if camera.up is not None:
        values[1:] = camera.up
    known = np.isfinite(values)
    return np.where(known, values, 0.0).astype(np.float32), known


def to_patches(array: np.ndarray, patch_size: int) -> np.ndarray:
    """[N, patch_size ** 2] from [S, S], patches in row-major order as the encoder sees them."""
    grid = array.shape[0] // patch_size
    split = array.reshape(grid, patch_size, grid, patch_size).swapaxes(1, 2)
    return split.reshape(grid * grid, patch_size * patch_size)


def patch_owners(patches: np.ndarray, objects: int) -> np.ndarray:
    """Which object fills each patch: int64[N], 0 for background, i + 1 for object i.

    Args:
      patches: int[N, P], 0 for none, i + 1 for object i.
      objects: how many objects there are.
    """
    count, pixels = patches.shape
    slots = objects + 1
    flat = patches.astype(np.int64) + np.arange(count)[:, None] * slots
    coverage = np.bincount(flat.ravel(), minlength=count * slots).reshape(count, slots)
    coverage[:, 0] = 0
    return np.where(coverage.max(1) >= MIN_COVERAGE * pixels, coverage.argmax(1), 0)


def patch_log_depth(
    patches: np.ndarray, depth_patches: np.ndarray, owners: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean log depth of the pixels that show a patch's owner.

    Args:
      patches: int[N, P], instance ids. depth_patches: float[N, P], metres, 0 where unknown.
      owners: int[N], from `patch_owners`.
    Returns:
      float32[N], and bool[N], where it is known.
    """
    used = (patches == owners[:, None]) & (depth_patches > 0)
    count = used.sum(1)
    total = np.where(used, np.log(np.where(used, depth_patches, 1.0)), 0.0).sum(1)
    return (total / np.maximum(count, 1)).astype(np.float32), count > 0


def object_table(example: StoredExample) -> tuple[np.ndarray, np.ndarray]:
    """Values of every object, row 0 the background's: float32[K + 1, V], and bool, where known.

    The first value, a patch's own depth, is unknown here.
    """
    up = example.up()
    rotation = None if up is None else canonical_from_up(up)
    centers = example.floats("objects/center", (-1, 3))
    values, known = object_values(centers, example.floats("objects/spans", (-1, 3)), rotation)
    return np.pad(values, ((1, 0), (1, 0))), np.pad(known, ((1, 0), (1, 0)))


@dataclasses.dataclass(frozen=True)
class DenseReader:
    """Reads dense targets at a model's patch grid.

    image_size, patch_size: pixels. words: of `label_words`.
    camera, owners, mentioned: whether it reads these of `DenseTargets`, too.
    """

    tokenizer: Tokenizer
    image_size: int
    patch_size: int
    words: np.ndarray
    camera: bool = False
    owners: bool = False
    mentioned: bool = False

    @classmethod
    def of(cls, dense: DenseConfig, model: ModelConfig, tokenizer: Tokenizer) -> "DenseReader":
        """The reader of a run's targets.

        Raises:
          DataError: the run's head is of other sizes than the targets.
        """
        sizes = {"labels": dense_labels(), "values": OBJECT_VALUES}
        if dense.colors:
            sizes["colors"] = len(COLORS)
        for name, size in sizes.items():
            if getattr(dense, name) != size:
                raise DataError(
                    f"dense.{name}={getattr(dense, name)}, but targets have {size}: "
                    "use_dense_targets in configs/common.py sets it"
                )
        return cls(
            tokenizer,
            model.encoder.image_size,
            model.encoder.patch_size,
            label_words(tokenizer, dense.words, plurals=dense.plurals),
            camera=dense.camera,
            owners=bool(dense.pointer_weight),
            mentioned=bool(dense.pointer_weight or dense.copy_weight),
        )

    def __call__(
        self,
        example: StoredExample,
        row: BatchRow,
        pairs: Sequence[Pair],
        records: Sequence[QA],
        where: Placement | None = None,
    ) -> DenseTargets:
        """Targets of one example, without batch axis.

        Args:
          example: with its instances and depth.
          row: the text, one segment for each of `pairs`.
          pairs: what was packed, in order.
          records: of the same pairs.
          where: the picture's place in the square; None: it fills it.

        Raises:
          DataError: nothing is known of the space that the example shows.
        """
        if np.isnan(example.floats("intrinsics")).any():
            raise DataError(
                f"{example.image_id} has no camera, depth or objects: set dense.weight=0, or "
                "leave its data set out"
            )
        instances = resize_nearest(example.instances(), self.image_size, where)
        depth = resize_nearest(example.depth(), self.image_size, where)
        patches = to_patches(instances, self.patch_size)
        table, known = object_table(example)
        owners = patch_owners(patches, len(table) - 1)
        names = zip(example.texts("objects/category"), example.texts("objects/color"), strict=True)
        labels = np.array([0, *(object_label(*pair) for pair in names)], np.int32)
        values, value_mask = table[owners], known[owners]
        depths = patch_log_depth(patches, to_patches(depth, self.patch_size), owners)
        values[:, 0], value_mask[:, 0] = depths
        named = self.mentions(example.texts("objects/caption"), row, pairs, records)
        mentioned = np.where(named != np.append(named[1:], 0), named, 0)
        camera, camera_mask = camera_values(example) if self.camera else (None, None)
        return DenseTargets(
            labels=labels[owners],
            values=values,
            value_mask=value_mask,
            words=self.words[labels[owners]],
            mention_values=table[mentioned],
            mention_mask=known[mentioned],
            camera=camera,
            camera_mask=camera_mask,
            owners=owners.astype(np.int32) if self.owners else None,
            mentioned=named.astype(np.int32) if self.mentioned else None,
        )

    def mentions(
        self, captions: Sequence[str], row: BatchRow, pairs: Sequence[Pair], records: Sequence[QA]
    ) -> np.ndarray:
        """Whose name each text token is part of: int64[L], 0 for none, i + 1 for object i."""
        asked = {index for record in records for index in record.objects}
        tokens = {index: encode_name(self.tokenizer, captions[index]) for index in asked}
        mentioned = np.zeros(len(row.tokens), np.int64)
        for segment, ((prefix, _), record) in enumerate(zip(pairs, records, strict=True), 1):
            start = int(np.argmax(row.segment_ids == segment))
            names = {index + 1: tokens[index] for index in record.objects}
            mentioned[start : start + len(prefix)] = find_names(prefix, names)
        return mentioned
