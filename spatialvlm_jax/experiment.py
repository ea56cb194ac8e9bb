"""The typed form of an experiment: frozen dataclasses that `config.py` fills from a ConfigDict.

Durations carry their unit in the name (`steps`, `seconds`, `examples`). Every field has a default
where a sensible one exists; `configs/` change a few of them.
"""

import dataclasses
import fnmatch
from typing import Annotated, Literal

from spatialvlm_jax.bounds import OneOf, Pixels, Range, Seed, SettingError, Settings
from spatialvlm_jax.questions import QAConfig

_Width = Annotated[int, Range(1, 65_536)]
_Depth = Annotated[int, Range(1, 1_024)]
_Heads = Annotated[int, Range(1, 1_024)]
_Softcap = Annotated[float, Range(0, 1e6)]
_Rows = Annotated[int, Range(1, 1_000_000)]
_Length = Annotated[int, Range(2, 1_048_576)]
_Pairs = Annotated[int, Range(1, 100_000)]
_Images = Annotated[int, Range(0, 1_000_000_000)]
_Steps = Annotated[int, Range(0, 1_000_000_000)]
_SomeSteps = Annotated[int, Range(1, 1_000_000_000)]
_Weight = Annotated[float, Range(0, 1e6)]
_Rate = Annotated[float, Range(0, 1_000)]
_Decay = Annotated[float, Range(0, 1, below=True)]
_GroupName = Annotated[str, OneOf("encoder", "connector", "decoder", "embeddings")]
_Axis = Annotated[int, Range(1, 1_000_000, also=(-1,))]

AttentionRule = Literal["prefix", "image_prefix"]
Resize = Literal["squash", "pad"]
Group = Literal["encoder", "connector", "decoder", "embeddings"]
Remat = Literal["none", "layers", "matmuls"]
AttentionBackend = Literal["dense", "xla", "cudnn", "tokamax"]


@dataclasses.dataclass(frozen=True)
class EncoderConfig(Settings):
    """A SigLIP-compatible ViT.

    stem: "patch" is one strided convolution (SigLIP); "conv" is a stack of strided 3x3
      convolutions to the same grid, which learns faster from scratch on small images.
    """

    image_size: Pixels = 64
    patch_size: Pixels = 8
    width: _Width = 128
    depth: _Depth = 4
    heads: _Heads = 2
    mlp_width: Annotated[int, Range(1, 1_048_576)] = 512
    stem: Literal["patch", "conv"] = "patch"


@dataclasses.dataclass(frozen=True)
class DecoderConfig(Settings):
    """A Gemma-compatible decoder (Gemma: arXiv 2403.08295; Gemma 2: arXiv 2408.00118).

    scale_embeddings: multiply token embeddings by sqrt(width), as Gemma does.
    query_scale: what queries are multiplied by; 0 takes head_size^-0.5.
    post_norms: normalise what attention and MLP add to the residual stream (Gemma 2).
    attention_softcap, final_softcap: c tanh(x / c) on attention scores and on logits; 0 for none.
      PaliGemma 2 was trained without the final one.
    sliding_window: in layers 0, 2, 4, ... a token sees at most this many tokens back, itself
      included; 0 for no limit.
    """

    vocab_size: Annotated[int, Range(4, 10_000_000)] = 1024
    width: _Width = 128
    depth: _Depth = 4
    heads: _Heads = 2
    kv_heads: _Heads = 2
    head_size: Annotated[int, Range(1, 4_096)] = 64
    mlp_width: Annotated[int, Range(1, 1_048_576)] = 512
    scale_embeddings: bool = True
    rope_base: Annotated[float, Range(1, 1e12)] = 10_000.0
    query_scale: Annotated[float, Range(0, 1_000)] = 0.0
    post_norms: bool = False
    attention_softcap: _Softcap = 0.0
    final_softcap: _Softcap = 0.0
    sliding_window: Annotated[int, Range(0, 1_048_576)] = 0


@dataclasses.dataclass(frozen=True)
class AdapterConfig(Settings):
    """Low-rank adapters on linear maps (LoRA, arXiv 2106.09685); they train in frozen groups too.

    rank: of the update of a kernel; 0 for no adapters.
    alpha: the update is multiplied by alpha / rank.
    targets: which linear maps, as patterns of their names: "decoder/*", "*/query", "connector".
    """

    rank: Annotated[int, Range(0, 65_536)] = 0
    alpha: Annotated[float, Range(0, 1e6)] = 16.0
    targets: tuple[str, ...] = ("decoder/*",)


@dataclasses.dataclass(frozen=True)
class ModelConfig(Settings):
    """The whole model.

    attention: "prefix" (image and prefix see each other, PaliGemma) or "image_prefix" (image sees
      only image; each prefix sees image and itself; each suffix is causal): the only one that
      packs several segments on an image.
    attention_backend: what computes attention, but in decoding: "dense" is ours and does
      everything; "xla" and "cudnn" are `jax.nn.dot_product_attention`, without softcaps; "tokamax"
      picks a kernel for the device.
    compute_dtype: dtype of activations; parameters are float32 unless frozen.
    scan_layers: run the layers as one compiled loop: compiles in constant time whatever the depth;
      unrolled layers step faster on small models.
    remat: what the backward pass computes again instead of keeping it: nothing, whole layers, or
      all but the results of matrix products with parameters ("matmuls").
    adapters: low-rank adapters on linear maps.
    int8, nf4: linear maps whose kernels are kept in 8 bits, or in 4 (QLoRA's NormalFloat), as
      patterns of their names ("decoder/*"); their groups must be frozen.
    """

    encoder: EncoderConfig = EncoderConfig()
    decoder: DecoderConfig = DecoderConfig()
    attention: AttentionRule = "image_prefix"
    attention_backend: AttentionBackend = "dense"
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    scan_layers: bool = False
    remat: Remat = "none"
    adapters: AdapterConfig = AdapterConfig()
    int8: tuple[str, ...] = ()
    nf4: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class WorldsRecipe(Settings):
    """How to render a data set that is not there yet, as `spatialvlm generate` would.

    preset: name of a `WorldConfig` preset. image_size: pixels a side.
    images, validation_images: sizes of the splits "train" and "validation".
    questions: what is asked about each image.
    """

    preset: str = "rich"
    images: _SomeSteps = 1_000
    validation_images: _Images = 100
    seed: Seed = 0
    image_size: Pixels = 64
    questions: QAConfig = dataclasses.field(default_factory=QAConfig)


@dataclasses.dataclass(frozen=True)
class DatasetConfig(Settings):
    """One member of the mixture.

    path: directory of a stored data set (TFDS layout), or a file of records.
    format: "stored", or "jsonl": `path` is a JSON or JSON Lines file of records {image, question,
      answer}, read where it is; `split` does not matter then.
    images: folder or zip file of the pictures that records name.
    worlds: how to render it if `path` is missing; None: a missing data set is an error.
    weight: its share, in the unit `MixtureConfig.unit`.
    kinds, types: which pairs to use; empty means all.
    noise_std_metres: standard deviation of Gaussian noise added to quantitative answers in
      metres before they are phrased (the paper's noise ablation).
    prefix_template: how this set's questions are put to the model; "" as the mixture's or the
      evaluation's are.
    """

    name: str
    path: str
    split: str = "train"
    weight: _Weight = 1.0
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    noise_std_metres: Annotated[float, Range(0, 1_000)] = 0.0
    noise_seed: Seed = 0
    worlds: WorldsRecipe | None = None
    format: Literal["stored", "jsonl"] = "stored"
    images: str = ""
    prefix_template: str = ""


@dataclasses.dataclass(frozen=True)
class DataConfig(Settings):
    """Loading, tokenising, packing and mixing.

    unit: "examples" mixes rows by weight; "loss_tokens" corrects the weights so that each data
      set's share of tokens with loss is what was asked.
    tokenizer: path of a SentencePiece model, or "small" for the shipped one.
    length: text tokens a row, the packing budget.
    block_length: a pair never crosses a multiple of it, so that attention over text runs in blocks
      of this size; must divide `length`; 0 takes the row as one block.
    pairs_per_image: at most this many pairs packed on one image; 1 is unpacked.
    prefix_template: wraps the question, "{question}" inside; PaliGemma's published checkpoints are
      asked "answer en {question}".
    resize: how pictures come to the encoder's square: "squash" both sides to it, or "pad" the
      shorter one with grey, which keeps proportions.
    features: folder of what a frozen encoder makes of the pictures: computed there once, when a run
      first starts, and read in place of pictures from then on; "" encodes them in every step.
    """

    datasets: tuple[DatasetConfig, ...] = ()
    unit: Literal["examples", "loss_tokens"] = "examples"
    tokenizer: str = "small"
    batch_size: _Rows = 16
    length: _Length = 256
    block_length: Annotated[int, Range(0, 1_048_576)] = 0
    pairs_per_image: _Pairs = 16
    prefix_template: str = "{question}"
    resize: Resize = "squash"
    seed: Seed = 0
    workers: Annotated[int, Range(0, 1_024)] = 0
    shuffle: bool = True
    features: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [dataset.name for dataset in self.datasets]
        if len(set(names)) < len(names):
            raise SettingError("datasets", f"of {names} are two of one name")
        if self.block_length and self.length % self.block_length:
            raise SettingError(
                "block_length", f"{self.block_length} does not divide length={self.length}"
            )


@dataclasses.dataclass(frozen=True)
class DenseConfig(Settings):
    """The auxiliary dense loss: what each image token shows, how far and how large it is.

    weight: of the loss beside that of the text; 0 keeps the head and trains nothing by it.
    labels: classes of what an image token shows, background included.
    values: regression targets of an image token, and of a name in a question.
    words: text tokens that may name what an image token shows.
    `use_dense_targets` in `configs/common.py` takes the sizes from the data.
    """

    weight: _Weight
    labels: Annotated[int, Range(1, 1_000_000)]
    values: Annotated[int, Range(1, 10_000)]
    words: Annotated[int, Range(1, 1_000)] = 4


@dataclasses.dataclass(frozen=True)
class OptimConfig(Settings):
    """Optimiser, schedule, clipping, freezing.

    optimizer: "adamw"; "muon" for block matrices with Adam elsewhere; "adafactor", whose second
      moments are kept as row and column means (with `b1` = 0 it keeps next to nothing else).
    moment_dtype: dtype of the first moments.
    schedule: "cosine" (to `end_lr`), "constant", or "wsd" (warm up, stay, decay linearly over the
      last `decay_steps`), all after a linear warm-up of `warmup_steps`.
    lr_multipliers: group name -> factor on the learning rate.
    freeze: groups that get no gradient, no slot, no decay.
    """

    optimizer: Literal["adamw", "muon", "adafactor"] = "adamw"
    moment_dtype: Literal["float32", "bfloat16"] = "float32"
    peak_lr: _Rate = 1e-3
    end_lr: _Rate = 0.0
    schedule: Literal["cosine", "constant", "wsd"] = "cosine"
    warmup_steps: _Steps = 100
    decay_steps: _Steps = 0
    b1: _Decay = 0.9
    b2: _Decay = 0.99
    weight_decay: _Rate = 1e-4
    clip_norm: Annotated[float, Range(0, 1e9)] = 1.0
    lr_multipliers: dict[_GroupName, _Rate] = dataclasses.field(default_factory=dict)
    freeze: tuple[Group, ...] = ()


@dataclasses.dataclass(frozen=True)
class TrainConfig(Settings):
    """The loop.

    text_weight: of the text loss; 0 trains the encoder on dense targets alone.
    accumulate: parts that a batch is computed in, one after the other, for less memory; the result
      is that of the whole batch.
    average_decay: of running averages of the parameters, which are then what is evaluated and
      exported; 0 keeps none.
    init_from: weights to begin with: "" for random, the name of a shipped checkpoint, a path to
      `.safetensors`, to a Hugging Face folder, to a big_vision `.npz` or to a working directory or
      a checkpoint of big_vision (`checkpoint.bv-000012000`).
    init_encoder_from, init_decoder_from: likewise, of one tower alone (a SigLIP, a Gemma).
    profile_steps: (first, last) step to trace into WORKDIR/profile; empty for none.
    wandb_project: of Weights & Biases, to send metrics there too; "" sends nothing.
    """

    steps: _SomeSteps = 1_000
    seed: Seed = 0
    log_every_steps: _SomeSteps = 20
    text_weight: _Weight = 1.0
    accumulate: _Rows = 1
    average_decay: _Decay = 0.0
    init_from: str = ""
    init_encoder_from: str = ""
    init_decoder_from: str = ""
    profile_steps: tuple[_SomeSteps, ...] = ()
    wandb_project: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        traced = self.profile_steps
        if traced and not (len(traced) == 2 and 1 <= traced[0] <= traced[1]):
            raise SettingError("profile_steps", f"{traced} is not (first, last)")


@dataclasses.dataclass(frozen=True)
class CheckpointConfig(Settings):
    """Saving, and what is taken over from what was saved.

    every: steps between saves. keep: how many to keep.
    accept: settings that may differ from those that a checkpoint or a weight file was made with,
      by the names that a refusal gives, separated by commas; "*" stands for anything.
    """

    every: _SomeSteps = 500
    keep: Annotated[int, Range(1, 1_000_000)] = 2
    accept: str = ""

    def accepts(self, name: str) -> bool:
        """Whether the setting of this name may differ."""
        patterns = (pattern.strip() for pattern in self.accept.split(","))
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@dataclasses.dataclass(frozen=True)
class EvalConfig(Settings):
    """Evaluation on schedule and at the end.

    every: steps between evaluations during training; 0 for none. `at_start` evaluates step 0 too.
    images: at most this many held-out images (0 for all).
    prefix_template: wraps the question, as `DataConfig.prefix_template`; "" takes that one.
    """

    datasets: tuple[DatasetConfig, ...] = ()
    every: _Steps = 0
    at_start: bool = False
    images: _Images = 0
    batch_size: _Rows = 32
    pairs_per_image: _Pairs = 16
    max_answer_tokens: Annotated[int, Range(1, 65_536)] = 24
    prefix_template: str = ""


@dataclasses.dataclass(frozen=True)
class MeshConfig(Settings):
    """Device mesh: sizes of the axes. One -1 takes what is left; several are chosen for the model
    and the devices (`training.mesh`).

    data: repeats the parameters. fsdp: splits them. tensor: splits heads and hidden units.
    slices: groups of devices with a slower network between them, which "data" runs over; -1 for
      those that the devices name (TPU slices, GPU hosts).
    repeat_frozen: hold frozen parameters whole on every device instead of split.
    """

    data: _Axis = -1
    fsdp: _Axis = 1
    tensor: _Axis = 1
    slices: _Axis = 1
    repeat_frozen: bool = False


@dataclasses.dataclass(frozen=True)
class Experiment(Settings):
    """Everything one run needs; `dense` is None where there is no dense loss."""

    name: str = "experiment"
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    dense: DenseConfig | None = None
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    eval: EvalConfig = EvalConfig()
    mesh: MeshConfig = MeshConfig()

    def __post_init__(self) -> None:
        super().__post_init__()
        data, train = self.data, self.train
        if train.text_weight == 0 and not self.dense_weight:
            raise SettingError("train.text_weight", "it and dense.weight are both 0")
        traced, last = train.profile_steps, train.steps
        if traced and traced[1] > last:
            raise SettingError(
                "train.profile_steps", f"{traced} is not (first, last) of the steps 1 to {last}"
            )
        if data.pairs_per_image > 1 and self.model.attention != "image_prefix" and data.datasets:
            raise SettingError(
                "data.pairs_per_image",
                f"{data.pairs_per_image} pairs on an image need model.attention='image_prefix', "
                f"not {self.model.attention!r}",
            )
        for dataset in data.datasets if self.dense_weight else ():
            if dataset.format != "stored":
                raise SettingError("dense", f"needs stored truth, which {dataset.name!r} has not")
        if self.dense_weight and data.resize != "squash":
            raise SettingError("dense", f"needs data.resize='squash', not {data.resize!r}")

    @property
    def dense_weight(self) -> float:
        """Of the dense loss; 0 where there is none, and then no batch has dense targets."""
        return self.dense.weight if self.dense else 0.0
