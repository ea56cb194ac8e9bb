"""The language decoder: Gemma-compatible, with image and text as two streams.

Axes: B images, S texts on each image (1 in packed training, the number of questions in decoding),
N image tokens, L text tokens, D width. The image stream is [B, 1, N, D], so that it is computed
once and shared by all texts; text is [B, S, L, D].
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Bool, Float, Float32, Int32

from spatialvlm_jax.batch import Array
from spatialvlm_jax.experiment import AttentionBackend, DecoderConfig, Remat
from spatialvlm_jax.models.attention import (
    Attention,
    Keys,
    attend,
    head_scores,
    lead_with_heads,
    softcap,
)
from spatialvlm_jax.models.layers import (
    GatedMLP,
    RMSNorm,
    Rotary,
    draw_numbers,
    rotary_table,
    rotate,
    run_stack,
    stack,
)
from spatialvlm_jax.models.placement import keep_rows

Streams = tuple[Float[Array, "B 1 N D"], Float[Array, "B S L D"]]


class Windows(NamedTuple):
    """What a sliding window leaves visible of image and text keys."""

    image: Bool[Array, "B S Q N"]
    text: Bool[Array, "B S Q K"]


class Kept(NamedTuple):
    """What auxiliary losses read of the text; None unless kept.

    halfway: the residual stream after half of the layers. queries: rotated, of all layers.
    Those of a stack of layers lead with these.
    """

    halfway: Float[Array, "*layers B S L D"] | None
    queries: Float[Array, "*stack B S L _ H"] | None


class Embedder(nnx.Module):
    """The token table, used to read and, tied, to score."""

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs) -> None:
        """Starts at 2 / D, where the first loss is close to log(vocabulary).

        A final-normed hidden state has length sqrt(D) and still points along the token it came
        from, whose logit is then about D times the standard deviation.
        """
        shape = (config.vocab_size, config.width)
        table = draw_numbers(jax.random.normal, rngs, shape)
        self.embedding = nnx.Param(table * (2.0 / config.width))
        self.scale = math.sqrt(config.width) if config.scale_embeddings else 1.0
        self.logit_limit = config.final_softcap

    def encode(self, tokens: Int32[Array, "*texts"], dtype: Any) -> Float[Array, "*texts D"]:
        return self.embedding[...][tokens].astype(dtype) * jnp.asarray(self.scale, dtype)

    def decode(self, hidden: Float[Array, "*texts D"]) -> Float32[Array, "*texts vocabulary"]:
        """Logits."""
        table = self.embedding[...].astype(hidden.dtype)
        flat = hidden.reshape(-1, hidden.shape[-1])
        logits = jnp.einsum("td,vd->tv", flat, table, preferred_element_type=jnp.float32)
        logits = softcap(logits, self.logit_limit)
        return logits.reshape(*hidden.shape[:-1], -1)

    def decode_one(
        self, hidden: Float[Array, "*texts D"], tokens: Int32[Array, "*texts"]
    ) -> Float32[Array, "*texts"]:
        """The logit of one token behind each hidden state."""
        rows = self.embedding[...].astype(hidden.dtype)[tokens]
        logits = jnp.einsum("...d,...d->...", hidden, rows, preferred_element_type=jnp.float32)
        return softcap(logits, self.logit_limit)


class DecoderBlock(nnx.Module):
    """Pre-norm grouped-query attention with rotary positions, and GeGLU; post norms if asked."""

    def __init__(
        self, config: DecoderConfig, *, rngs: nnx.Rngs, backend: AttentionBackend = "dense"
    ) -> None:
        """Residual outputs start small: 1 / sqrt(2 depth)."""
        gain = (2 * config.depth) ** -0.5
        self.attention_norm = RMSNorm(config.width)
        self.attention = Attention(
            config.width,
            heads=config.heads,
            kv_heads=config.kv_heads,
            head_size=config.head_size,
            bias=False,
            gain=gain,
            rngs=rngs,
        )
        self.mlp_norm = RMSNorm(config.width)
        self.mlp = GatedMLP(config.width, config.mlp_width, gain=gain, rngs=rngs)
        norms = [RMSNorm(config.width) if config.post_norms else None for _ in range(2)]
        self.attention_post_norm, self.mlp_post_norm = nnx.data(norms[0]), nnx.data(norms[1])
        self.query_scale, self.score_limit = config.query_scale, config.attention_softcap
        self.backend: AttentionBackend = backend

    def project(
        self, x: Float[Array, "B S L D"], rotary: Rotary
    ) -> tuple[Float[Array, "B S L N H"], Keys]:
        """Rotated queries and keys, with values."""
        query, key, value = self.attention.project(self.attention_norm(x))
        return rotate(query, rotary), lead_with_heads(rotate(key, rotary), value)

    def finish(
        self, x: Float[Array, "B S L D"], query: Float[Array, "B S L N H"], parts: list[Keys]
    ) -> Float[Array, "B S L D"]:
        """Attends, then applies the MLP, both on the residual stream x."""
        mixed = attend(
            query,
            parts,
            scale=self.query_scale,
            score_limit=self.score_limit,
            backend=self.backend,
        )
        x = x + _normed(self.attention.output(mixed), self.attention_post_norm)
        return x + _normed(self.mlp(self.mlp_norm(x)), self.mlp_post_norm)


def _normed(x: Float[Array, "B S L D"], norm: RMSNorm | None) -> Float[Array, "B S L D"]:
    return x if norm is None else norm(x)


class Decoder(nnx.Module):
    """Embedder, blocks, final norm."""

    def __init__(
        self,
        config: DecoderConfig,
        *,
        scan_layers: bool,
        rngs: nnx.Rngs,
        remat: Remat = "none",
        keep_halfway: bool = False,
        keep_queries: bool = False,
        backend: AttentionBackend = "dense",
    ) -> None:
        """`keep_halfway` and `keep_queries` cost memory."""
        self.config = config
        self.scan_layers, self.remat, self.keep_halfway = scan_layers, remat, keep_halfway
        self.keep_queries = keep_queries
        self.embedder = Embedder(config, rngs=rngs)
        self.blocks = stack(
            lambda rngs: DecoderBlock(config, rngs=rngs, backend=backend), config.depth, rngs
        )
        self.final_norm = RMSNorm(config.width)

    def rotary(self, positions: Int32[Array, "*texts L"]) -> Rotary:
        return rotary_table(positions, self.config.head_size, self.config.rope_base)

    def windows(
        self,
        image_tokens: int,
        positions: Int32[Array, "B S Q"],
        key_positions: Int32[Array, "B S K"],
        suffix_mask: Bool[Array, "B S Q"],
    ) -> Windows | None:
        """The sliding window's masks of text queries, or None where it reaches over everything.

        Image and prefix see each other whole, as in transformers; only the suffix slides.

        Args:
          image_tokens: N.
          positions, key_positions: of queries and text keys.
          suffix_mask: which queries are of a suffix.
        """
        limit = self.config.sliding_window
        if not limit or image_tokens + key_positions.shape[-1] <= limit:
            return None
        first = jnp.where(suffix_mask, positions + image_tokens - limit + 1, 0)[..., None]
        image = first <= jnp.arange(image_tokens)
        return Windows(image, first <= key_positions[..., None, :] + image_tokens)

    def _slides(self, windows: Windows | None) -> Bool[Array, " depth"] | None:
        """Which layers slide their window; None where none needs to."""
        return None if windows is None else jnp.arange(self.config.depth) % 2 == 0

    def __call__(
        self,
        image: Float[Array, "B 1 N D"],
        text: Float[Array, "B S L D"],
        positions: Int32[Array, "B S L"],
        suffix_mask: Bool[Array, "B S L"],
        text_mask: Bool[Array, "B S L L"],
        image_text_mask: Bool[Array, "B 1 1 L"] | None,
        image_mask: Bool[Array, "B 1 1 N"] | None = None,
    ) -> tuple[Float[Array, "B S L D"], Kept, tuple[Keys, Keys]]:
        """Runs both streams through all layers.

        Args:
          image: its embeddings.
          text: embeddings; S is 1 where the image sees text.
          positions: counted from the segment's start; the image comes before.
          suffix_mask, text_mask: of `models.masks`.
          image_text_mask: None where the image sees no text.
          image_mask: what of the image stream is there to be seen; None: all.

        Returns:
          Final-normed text hidden states, what is kept of the text for auxiliary losses, and the
          keys of image and text in all layers, for decoding.
        """
        image_rotary = self.rotary(jnp.arange(image.shape[-2]))
        text_rotary = self.rotary(positions + image.shape[-2])
        windows = self.windows(image.shape[-2], positions, positions, suffix_mask)

        def layer(
            block: DecoderBlock, streams: Streams, slides: Bool[Array, ""] | None
        ) -> tuple[Streams, tuple[Kept, tuple[Keys, Keys]]]:
            image, text = streams
            image_query, image_keys = block.project(image, image_rotary)
            image_keys = image_keys._replace(mask=image_mask)
            text_query, text_keys = block.project(text, text_rotary)
            seen_by_image = [image_keys]
            if image_text_mask is not None:
                seen_by_image.append(text_keys._replace(mask=image_text_mask))
            seen_by_text = _slide([image_keys, text_keys._replace(mask=text_mask)], windows, slides)
            streams = (
                block.finish(image, image_query, seen_by_image),
                block.finish(text, text_query, seen_by_text),
            )
            kept = Kept(
                streams[1] if self.keep_halfway else None, text_query if self.keep_queries else None
            )
            return streams, (kept, (image_keys, text_keys))

        (_, text), (kept, keys) = run_stack(
            self.blocks,
            layer,
            (image, text),
            self._slides(windows),
            scan=self.scan_layers,
            remat=self.remat,
        )
        if kept.halfway is not None:
            kept = kept._replace(halfway=kept.halfway[(self.config.depth - 1) // 2])
        return self.final_norm(text), kept, keys

    def scores(
        self,
        queries: Float[Array, "layers B S Q N H"],
        keys: Keys,
        mask: Bool[Array, "B S Q K"] | None,
        *,
        layer: int,
        head: int,
    ) -> Float32[Array, "B S Q K"]:
        """How one head of one layer scores keys, before its softmax.

        Args:
          queries, keys: of all layers.
          mask: which keys each query sees; None: all.
        """
        of_layer = Keys(keys.key[layer], keys.value[layer], mask)
        scale, limit = self.config.query_scale, self.config.attention_softcap
        return head_scores(queries[layer], of_layer, head, scale=scale, score_limit=limit)

    def extend(
        self,
        text: Float[Array, "B S Q D"],
        positions: Int32[Array, "B S Q"],
        stored: Sequence[Any],
        key_positions: Int32[Array, "B S K"],
        visible: Sequence[Bool[Array, "B S 1 _"]],
        *,
        sees: Bool[Array, "B S Q Q"] | None = None,
        blocks: Sequence["DecoderBlock"] | None = None,
    ) -> tuple[Float[Array, "B S Q D"], Any]:
        """New tokens for each text, from stored keys.

        Args:
          text: the new tokens' embeddings.
          positions: counted from the segment's start.
          stored: the keys of the image, then of parts of the text, all of them of all layers; with
            `blocks` a list of these for each layer.
          key_positions: of the stored text keys, counted likewise.
          visible: which of each part's keys each text sees.
          sees: which new tokens (last axis) each of them sees; None for all, as one alone does.
          blocks: its own by themselves (`unstack_layers`), for loops.

        Returns:
          Final-normed hidden states and the new tokens' keys, which the caller stores: of all
          layers, or with `blocks` a list.
        """
        parts = stored if blocks is None else stored[0]
        image_tokens = parts[0].key.shape[-2]
        rotary = self.rotary(positions + image_tokens)
        answer = jnp.ones_like(positions, bool)
        every_position = jnp.concatenate([key_positions, positions], axis=-1)
        windows = self.windows(image_tokens, positions, every_position, answer)
        slides = self._slides(windows)

        def layer(
            block: DecoderBlock,
            x: Float[Array, "B S Q D"],
            inputs: tuple[Bool[Array, ""] | None, Sequence[Keys]],
        ) -> tuple[Float[Array, "B S Q D"], Keys]:
            query, own = block.project(x, rotary)
            slides, (image, *earlier) = inputs
            masked = zip((*earlier, own), (*visible, sees), strict=True)
            text = [part._replace(mask=mask) for part, mask in masked]
            return block.finish(x, query, _slide([image, *text], windows, slides)), own

        if blocks is None:
            inputs = (slides, tuple(stored))
            text, keys = run_stack(self.blocks, layer, text, inputs, scan=self.scan_layers)
            return self.final_norm(text), keys
        keys = []
        for place, block in enumerate(blocks):
            own = None if slides is None else slides[place]
            text, new = layer(block, keep_rows(text), (own, stored[place]))
            keys.append(new)
        return self.final_norm(text), keys


def _slide(
    parts: list[Keys], windows: Windows | None, slides: Bool[Array, ""] | None
) -> list[Keys]:
    """Keys of image, then of text, with their masks narrowed in a layer that slides its window."""
    if windows is None or slides is None:
        return parts
    sizes = [part.key.shape[-2] for part in parts[1:]]
    text = jnp.split(windows.text, np.cumsum(sizes)[:-1], axis=-1)
    return [
        part._replace(
            mask=(within | ~slides) if part.mask is None else part.mask & (within | ~slides)
        )
        for part, within in zip(parts, [windows.image, *text], strict=True)
    ]
