"""How a Hugging Face folder has pictures prepared, questions put and answers drawn."""

import json
from typing import Any

from spatialvlm_jax.experiment import EncoderConfig
from spatialvlm_jax.weights.tokenizer_files import IMAGE_TOKEN

_QUESTION = "{question}"
_CHAT = """\
{%%- set content = messages[-1]["content"] -%%}
{%%- if content is string -%%}
{{- %(before)s ~ content ~ %(after)s -}}
{%%- else -%%}
{%%- for part in content if part["type"] == "image" -%%}%(image)s{%%- endfor -%%}
{{- %(before)s -}}
{%%- for part in content if part["type"] == "text" -%%}{{- part["text"] -}}{%%- endfor -%%}
{{- %(after)s -}}
{%%- endif -%%}
"""


def preprocessor_config(config: EncoderConfig, resize: str) -> dict[str, Any]:
    """The processor squashes. One that resizes nothing refuses other sizes, where it cannot pad.

    Args:
      config: of the encoder. resize: `data.resize` of the run.
    """
    return {
        "processor_class": "PaliGemmaProcessor",
        "image_processor_type": "SiglipImageProcessor",
        "size": {"height": config.image_size, "width": config.image_size},
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "rescale_factor": 1 / 255,
        "do_resize": resize == "squash",
        "resample": 3,  # bicubic, as PIL numbers it and as the loaders resize
        "do_rescale": True,
        "do_normalize": True,
        "do_convert_rgb": True,
        "image_seq_length": (config.image_size // config.patch_size) ** 2,
    }


def generation_config(no_words: range, answer_tokens: int) -> dict[str, Any]:
    """Greedy decoding, as evaluations have it.

    Args:
      no_words: rows of the table that stand for no word, the image's among them. Their logits are
        no lower than those of words, so they are never drawn.
      answer_tokens: the longest answer.
    """
    return {
        "bos_token_id": 2,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "do_sample": False,
        "max_new_tokens": answer_tokens,
        "suppress_tokens": list(no_words),
    }


def chat_template(prefix: str) -> str:
    """A Jinja template that puts the last message as the run put its questions.

    Args:
      prefix: `data.prefix_template`. The processor itself adds the beginning and the line end.
    """
    before, _, after = prefix.partition(_QUESTION)
    texts = {"before": _literal(before), "after": _literal(after), "image": IMAGE_TOKEN}
    return _CHAT % texts


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
