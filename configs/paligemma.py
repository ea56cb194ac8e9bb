"""Co-trains a published PaliGemma on the mixture of `configs/cotrain.py`.

python train.py --config=configs/paligemma.py:weights=DIR --workdir=runs/paligemma
python train.py --config=configs/paligemma.py:variant=paligemma2_3b,res=448,weights=DIR \
    --workdir=runs/paligemma2

The argument is a list of NAME=VALUE: `variant` (a name in `models.variants.PALIGEMMAS`), `res`
(224, 448 or 896 pixels), `root` (the folder of the data sets), `sets` (which of them, as
"spatial+mine"; the first is evaluated on, too), `weights` (a Hugging Face folder, a
big_vision `.npz` or its checkpoint, a run's model.safetensors; without it the model begins at
random), `rule` ("image_prefix" packs many questions on an image; "prefix" is how the published
weights were trained and how other programs read them: name it for the last steps before an export,
docs/finetuning.md), `lora` (the rank of adapters on the decoder; all else is frozen then, and one
device is enough), `quantize` ("int8" or "nf4", with `lora`: how the frozen kernels of both towers
are kept).

Pictures are squashed and questions asked as "answer en {question}", as the published weights have
it; data.resize, data.prefix_template and that of each data set say otherwise.

The vocabulary is the `tokenizer.model` beside the weights, else the one in `root`.
The mesh is chosen for the devices there are and said before step 0 (docs/distributed.md).
"""

from pathlib import Path

from ml_collections import ConfigDict

from configs import cotrain
from spatialvlm_jax.config import to_config_dict
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import parse_whole_number
from spatialvlm_jax.models.variants import build_paligemma

DEFAULTS = {
    "variant": "paligemma_3b",
    "res": "224",
    "root": "data",
    "sets": "",
    "weights": "",
    "rule": "image_prefix",
    "lora": "0",
    "quantize": "none",
}
NUMBERS = ("res", "lora")
CHOICES = {"quantize": ("none", "int8", "nf4"), "rule": ("image_prefix", "prefix")}
OWN_SHARE = 5.0  # of a set that `configs/cotrain.py` does not know: as much as "spatial"
KERNELS = ("encoder/blocks/*", "connector", "decoder/blocks/*")


def get_config(argument: str = "") -> ConfigDict:
    named = _parse(argument)
    chosen = {**DEFAULTS, **named}
    model = build_paligemma(chosen["variant"], int(chosen["res"]))
    config = cotrain.get_config(f"{chosen['variant']},{chosen['root']}")
    config.name = chosen["variant"]
    if chosen["sets"]:
        shares = {name: cotrain.SHARES.get(name, OWN_SHARE) for name in chosen["sets"].split("+")}
        cotrain.use_sets(config, Path(chosen["root"]), shares)
    config.model = to_config_dict(model)
    config.model.attention = chosen["rule"]
    if "rule" in named:
        # Who names the rule means it, whatever the weights were trained under.
        config.checkpoint.accept = "model.attention"
    config.data.prefix_template = "answer en {question}"
    config.model.remat = "layers"
    config.data.pairs_per_image = 1 if chosen["rule"] == "prefix" else 16
    config.data.length = 128 if chosen["rule"] == "prefix" else 512
    config.data.batch_size = 256
    config.mesh.data = config.mesh.fsdp = config.mesh.tensor = config.mesh.slices = -1
    config.optim.peak_lr = 2e-5
    config.train.init_from = chosen["weights"]
    vocabulary = Path(chosen["weights"], "tokenizer.model")
    if chosen["weights"] and vocabulary.is_file():
        config.data.tokenizer = str(vocabulary)
    if int(chosen["lora"]):
        _adapt(config, int(chosen["lora"]))
    if chosen["quantize"] != "none":
        config.model[chosen["quantize"]] = KERNELS
    return config


def _adapt(config: ConfigDict, rank: int) -> None:
    """Trains adapters alone, on one device: the frozen rest is in bfloat16 and has no slots."""
    config.model.adapters.rank = rank
    config.model.adapters.alpha = 2.0 * rank
    config.optim.freeze = ("encoder", "connector", "decoder", "embeddings")
    config.optim.peak_lr = 2e-4
    config.data.batch_size = 16


def _parse(argument: str) -> dict[str, str]:
    parts = [part for part in argument.split(",") if part]
    fields = dict(part.partition("=")[::2] for part in parts)
    where = f"configs/paligemma.py:{argument}"
    if len(fields) < len(parts):
        raise UserError(f"{where}: a name stands there twice")
    unknown = sorted(fields.keys() - DEFAULTS.keys())
    if unknown:
        raise UserError(f"{where}: it takes {', '.join(DEFAULTS)}=VALUE")
    for name in NUMBERS:
        parse_whole_number(fields.get(name, DEFAULTS[name]), f"{where}: {name}", 0, 65_536)
    for name, choices in CHOICES.items():
        if fields.get(name, choices[0]) not in choices:
            raise UserError(f"{where}: {name} is one of {', '.join(choices)}")
    if fields.get("quantize", "none") != "none" and not int(fields.get("lora", "0")):
        raise UserError(f"{where}: quantized kernels do not train, so add adapters: lora=16")
    return fields
