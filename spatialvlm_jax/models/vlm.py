"""The vision-language model: image encoder, linear connector, decoder.

Axes: B rows, H x W pixels, N image tokens, L text tokens, E encoder width, D decoder width,
V dense values, R features of a ray, T blocks of a row, Q = L / T,
C text tokens about the camera, M = N + C.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Bool, Float, Float32, Int32, UInt8

from spatialvlm_jax.batch import Array, Missing
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DenseConfig, Experiment, ModelConfig
from spatialvlm_jax.models import adapters, masks, quantize
from spatialvlm_jax.models.decoder import Decoder, Kept, Keys
from spatialvlm_jax.models.dense_head import DenseHead, PatchPredictions
from spatialvlm_jax.models.layers import Linear
from spatialvlm_jax.models.vit import Encoder, scale_pixels
from spatialvlm_jax.scene.rays import RAY_FEATURES


class Probes(NamedTuple):
    """What auxiliary losses read inside the decoder.

    halfway: the text's residual stream half-way; the hidden states where there is no dense head.
    pointer: the pointer head's scores of image tokens. copy: the copy head's scores of the text in
      each of the T blocks of a row. None where there is no such loss.
    """

    halfway: Float[Array, "B L D"]
    pointer: Float32[Array, "B L N"] | Missing
    copy: Float32[Array, "B T Q Q"] | Missing


class CameraMaps(nnx.Module):
    """What is known of each patch's ray, added to the patch and to the image token made of it.

    Linear, without biases, and zero at first: a model that is given them answers as before, and
    nothing known (all zeros) adds nothing.
    """

    def __init__(self, config: ModelConfig, *, rngs: nnx.Rngs) -> None:
        """patches: to the encoder's width; tokens: to the decoder's."""
        self.patches = Linear(RAY_FEATURES, config.encoder.width, bias=False, rngs=rngs)
        self.tokens = Linear(RAY_FEATURES, config.decoder.width, bias=False, rngs=rngs)
        for linear in (self.patches, self.tokens):
            linear.kernel[...] = jnp.zeros_like(linear.kernel[...])


class VLM(nnx.Module):
    """Images and text to hidden states and logits.

    A training step splits it (`nnx.split`) and merges it again inside `jax.jit`.
    """

    def __init__(
        self,
        config: ModelConfig,
        dense: DenseConfig | None = None,
        *,
        reads_rays: bool = False,
        rngs: nnx.Rngs,
    ) -> None:
        """Random float32 parameters, with a dense head where `dense` has its sizes.

        Args:
          config: of both towers.
          dense: of the dense head.
          reads_rays: whether it has camera maps.
          rngs: of the draws; the camera maps come last, so that all else is drawn as without them.
            Without streams nothing is drawn, and there are zeros in place of it.

        Raises:
          ValueError: sizes do not fit together.
        """
        self.config = config
        self.pointer_layer = dense.pointer_layer if dense and dense.pointer_weight else None
        self.copy_layer = dense.copy_layer if dense and dense.copy_weight else None
        scan, remat, backend = config.scan_layers, config.remat, config.attention_backend
        self.encoder = Encoder(
            config.encoder, scan_layers=scan, remat=remat, backend=backend, rngs=rngs
        )
        self.connector = Linear(config.encoder.width, config.decoder.width, bias=True, rngs=rngs)
        self.decoder = Decoder(
            config.decoder,
            scan_layers=scan,
            remat=remat,
            keep_halfway=dense is not None,
            keep_queries=dense is not None and bool(dense.pointer_weight or dense.copy_weight),
            backend=backend,
            rngs=rngs,
        )
        self.dense_head = nnx.data(DenseHead(config, dense, rngs=rngs) if dense else None)
        self.camera = nnx.data(CameraMaps(config, rngs=rngs) if reads_rays else None)
        adapters.attach(self, config.adapters, rngs=rngs)
        quantize.quantize_linears(self, config)

    @classmethod
    def of(cls, experiment: Experiment, *, drawn: bool = True) -> "VLM":
        """The model of an experiment, as its seed draws it; raises ValueError likewise.

        Args:
          drawn: false leaves zeros in place of what is drawn, for those who want its layout alone.
        """
        return cls(
            experiment.model,
            experiment.dense,
            reads_rays=experiment.reads_rays,
            rngs=nnx.Rngs(experiment.train.seed) if drawn else nnx.Rngs(),
        )

    def encode_image(
        self, images: UInt8[Array, "B H W 3"], rays: Float32[Array, "B N R"] | None = None
    ) -> tuple[Float[Array, "B N D"], Float[Array, "B N E"]]:
        """Image embeddings and encoder features, in compute dtype; `rays` as in `encode`."""
        features = self.encode(images, rays)
        return self.connect(features, rays), features

    def encode(
        self, images: UInt8[Array, "B H W 3"], rays: Float32[Array, "B N R"] | None = None
    ) -> Float[Array, "B N E"]:
        """Encoder features, final-normed, in compute dtype.

        Args:
          images: the pictures.
          rays: as in `spatialvlm_jax.batch.CameraInput`; None: nothing is known of the camera.

        Raises:
          ValueError: rays are given to a model that does not read them.
        """
        with jax.named_scope("encoder"):
            added = None if rays is None else self._camera_maps().patches(rays)
            return self.encoder(scale_pixels(images, self.config.compute_dtype), added)

    def connect(
        self, features: Float[Array, "B N E"], rays: Float32[Array, "B N R"] | None = None
    ) -> Float[Array, "B N D"]:
        """Encoder features to image embeddings; `rays` as in `encode`."""
        with jax.named_scope("connector"):
            embeddings = self.connector(features)
            if rays is None:
                return embeddings
            return embeddings + self._camera_maps().tokens(rays).astype(embeddings.dtype)

    def text_states(
        self,
        image_embeddings: Float[Array, "B N D"],
        tokens: Int32[Array, "B L"],
        segment_ids: Int32[Array, "B L"],
        positions: Int32[Array, "B L"],
        suffix_mask: Bool[Array, "B L"],
        *,
        block_length: int = 0,
        camera_words: Int32[Array, "B C"] | None = None,
    ) -> tuple[Float[Array, "B L D"], Probes]:
        """States of the text under the configured attention rule.

        Attention never leaves a segment, so where no segment crosses a multiple of `block_length`
        the blocks of a row are computed as texts of their own: the same result for a fraction of
        the scores.

        Args:
          image_embeddings: of `encode_image`.
          tokens, segment_ids, positions, suffix_mask: as in `spatialvlm_jax.batch.Batch`. Rule
            "prefix" takes one segment a row.
          block_length: divides L; 0 takes the row as one block. Rule "prefix" has one block.
          camera_words: as in `spatialvlm_jax.batch.CameraInput`.

        Returns:
          Final-normed hidden states, and what auxiliary losses read on the way there.

        Raises:
          UserError: several blocks under rule "prefix".
        """
        if block_length and self.config.attention == "prefix" and block_length != tokens.shape[1]:
            raise UserError('attention rule "prefix" takes one block a row: set block_length = 0')
        rows, length = tokens.shape
        blocks = (rows, -1, block_length or length)
        segments, suffix = segment_ids.reshape(blocks), suffix_mask.reshape(blocks)
        with jax.named_scope("decoder"):
            image, image_mask = self.image_stream(image_embeddings, camera_words)
            seen = masks.text_mask(segments, suffix)
            hidden, kept, keys = self.decoder(
                image,
                self.decoder.embedder.encode(tokens.reshape(blocks), image_embeddings.dtype),
                positions.reshape(blocks),
                suffix,
                seen,
                masks.image_text_mask(self.config.attention, segments, suffix),
                image_mask,
            )
        halfway = hidden if kept.halfway is None else kept.halfway
        pointer, copy = self._head_scores(kept, keys, seen, image_embeddings.shape[1])
        probes = Probes(halfway.reshape(rows, length, -1), pointer, copy)
        return hidden.reshape(rows, length, -1), probes

    def _head_scores(
        self,
        kept: Kept,
        keys: tuple[Keys, Keys],
        seen: Bool[Array, "B T Q Q"],
        image_tokens: int,
    ) -> tuple[Float32[Array, "B L N"] | None, Float32[Array, "B T Q Q"] | None]:
        """Of `Probes`: what the pointer head sees of the image alone, and the copy head of text."""
        pointer = copy = None
        if kept.queries is not None and self.pointer_layer is not None:
            image = Keys(*(x[..., :image_tokens, :] for x in keys[0][:2]))
            pointer = self.decoder.scores(
                kept.queries, image, None, layer=self.pointer_layer, head=0
            )
            pointer = pointer.reshape(pointer.shape[0], -1, image_tokens)
        if kept.queries is not None and self.copy_layer is not None:
            copy = self.decoder.scores(kept.queries, keys[1], seen, layer=self.copy_layer, head=-1)
        return pointer, copy

    def image_stream(
        self, image_embeddings: Float[Array, "B N D"], camera_words: Int32[Array, "B C"] | None
    ) -> tuple[Float[Array, "B 1 M D"], Bool[Array, "B 1 1 M"] | None]:
        """What texts see before them: the image, and the words about its camera behind it.

        Returns:
          M = N + C embeddings, and which of them can be seen: no padding. None: all.
        """
        if camera_words is None:
            return image_embeddings[:, None], None
        words = self.decoder.embedder.encode(camera_words, image_embeddings.dtype)
        image = jnp.ones(image_embeddings.shape[:2], bool)
        seen = jnp.concatenate([image, camera_words > 0], axis=1)
        return jnp.concatenate([image_embeddings, words], axis=1)[:, None], seen[:, None, None]

    def logits(self, hidden: Float[Array, "*rows D"]) -> Float32[Array, "*rows vocabulary"]:
        """Scores of the next token."""
        return self.decoder.embedder.decode(hidden)

    def words(self, image_embeddings: Float[Array, "B N D"]) -> Float32[Array, "B N vocabulary"]:
        """How well each text token names what an image token shows: their inner products.

        Token embeddings are taken as the decoder reads them, so that a word and what it names
        meet in the same direction before the first layer.
        """
        embedder = self.decoder.embedder
        return embedder.decode(image_embeddings) * embedder.scale

    def dense(self, encoder_features: Float[Array, "B N E"]) -> PatchPredictions:
        """What each patch shows, and its values.

        Raises:
          ValueError: the model was built without a dense head.
        """
        return self._dense_head()(encoder_features)

    def mentions(self, halfway: Float[Array, "B L D"]) -> Float32[Array, "B L V"]:
        """What the text up to each token says of the object it names last.

        Args:
          halfway: of `text_states`: early enough for later layers to compare.

        Raises:
          ValueError: the model was built without a dense head.
        """
        head = self._dense_head()
        return head.mentions(head.mention_norm(halfway)).astype(jnp.float32)

    def _camera_maps(self) -> CameraMaps:
        if self.camera is None:
            raise ValueError("this model has no camera maps: build it with reads_rays=True")
        return self.camera

    def _dense_head(self) -> DenseHead:
        if self.dense_head is None:
            raise ValueError("this model has no dense head: build it with a DenseConfig")
        return self.dense_head


class SplitModel(NamedTuple):
    """A model as programs take it, which is its definition and its arrays; split once, it is not
    split again at every call."""

    definition: Any
    state: Any

    @classmethod
    def of(cls, model: "VLM | SplitModel") -> "SplitModel":
        """What `nnx.split` makes of a model, or made of it."""
        return model if isinstance(model, cls) else cls(*nnx.split(model))
