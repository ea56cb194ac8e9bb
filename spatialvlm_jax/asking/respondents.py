"""Which model is meant by what --model says."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax.asking.budget import Budget
from spatialvlm_jax.asking.endpoint_model import EndpointLimits, EndpointRespondent
from spatialvlm_jax.asking.local_model import LocalRespondent
from spatialvlm_jax.asking.question import Respondent
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.asking_flags import model_name
from spatialvlm_jax.inference.load import load_to_ask
from spatialvlm_jax.weights.folder_config import is_paligemma_folder

ENDPOINT, FOLDER = "openai:", "hf:"
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


def endpoint_bounds(args: argparse.Namespace) -> tuple[EndpointLimits, Budget]:
    """What `add_endpoint_flags` took: of a request, and of all of them."""
    limits = EndpointLimits(args.at_once, args.retries, args.seconds, args.picture_side)
    return limits, Budget(args.most_requests, args.most_tokens)


def open_respondent(
    where: str, tokenizer: str, limits: EndpointLimits, budget: Budget
) -> Respondent:
    """The model of one --model.

    Args:
      where: openai:URL or openai:URL#NAME, hf:DIR, or what `load_to_ask` takes.
      tokenizer: of ours, where it is not where it was.

    Raises:
      UserError: there is none.
    """
    if where.startswith(ENDPOINT):
        url, _, name = where.removeprefix(ENDPOINT).partition("#")
        return EndpointRespondent(url, name, limits, budget)
    path = where.removeprefix(FOLDER)
    if where.startswith(FOLDER) and not is_paligemma_folder(Path(path)):
        raise UserError(f"--model={where}: {path} is no folder of a Hugging Face PaliGemma")
    return LocalRespondent(name_of_model(where), load_to_ask(path, tokenizer))


def name_of_model(where: str) -> str:
    """The name of a model in tables: the last part of its place."""
    if where.startswith(ENDPOINT):
        url, _, name = where.removeprefix(ENDPOINT).partition("#")
        return name or url
    path = where.removeprefix(FOLDER)
    return model_name(path) if Path(path).exists() else path


def check_names(places: Sequence[str]) -> None:
    """Raises UserError where two models would have one name."""
    folders = [folder_of(name_of_model(where)) for where in places]
    for name in folders:
        if folders.count(name) > 1:
            raise UserError(f"two models are named {name}: ask one of them with another --out")


def folder_of(name: str) -> str:
    """A name as that of a folder."""
    return _UNFIT.sub("_", name).strip("._") or "model"
