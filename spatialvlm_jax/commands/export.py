"""`spatialvlm export`: a run's weights for others to read, or as a smaller file of our own."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import check_suffix, place
from spatialvlm_jax.si_prefix import with_prefix

if TYPE_CHECKING:
    from spatialvlm_jax.weights.run_record import RunRecord

_DESCRIPTION = """\
Writes the weights of a finished run in another form:

  safetensors   one file of our own, whose header keeps the configuration that it belongs to
  huggingface   a folder as PaliGemma is published: weights, settings, tokenizer and a model card,
                for AutoProcessor and PaliGemmaForConditionalGeneration (docs/serving.md)
  big_vision    an .npz with big_vision's names

The last two want a PaliGemma: a SigLIP encoder (stem "patch") and a Gemma decoder.
Adapters are merged into the weights that they adapt, and weights in few bits are widened. Where
their readers do not do what the run did (attention rule, padded pictures, a camera that is told),
a line says so.
"""
_EPILOG = """\
examples:
  spatialvlm export runs/demo small.safetensors --dtype=float16
  spatialvlm export runs/paligemma/model.safetensors paligemma_spatial --format=huggingface
"""

_SUFFIXES = {"safetensors": ".safetensors", "big_vision": ".npz"}


# What a model that is told of the camera needs of readers who cannot, by `data.camera`.
_CAMERA_NEEDS = {
    "rays": "the weights read what is known of the camera beside the picture (data.camera=rays), "
    "for which this form has no place: its readers answer as if nothing were known of it; our own "
    "file keeps it (--format=safetensors), and data.camera=words needs no place",
    "words": "the weights were told of the camera in words (data.camera=words): put what is known "
    'before your question, as "camera: 62 degrees wide, 1.4 m high, 12 degrees down. How far is '
    'the mug?"; without it they answer as if nothing were known',
    "canonical": "the weights were trained on pictures of one lens (data.camera=canonical): hand "
    "them pictures resized to a focal length of {FOCAL} of the square's side and laid on grey, "
    "the principal point in the middle",
}


def add_parser(subparsers: Any) -> None:
    """Adds the verb `export`."""
    parser = subparsers.add_parser(
        "export",
        help="write a run's weights in another form",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    help_text = "workdir of a finished run, or its model.safetensors"
    parser.add_argument("source", type=place, help=help_text)
    parser.add_argument("out", type=place, help="the file, or the folder, to write")
    parser.add_argument(
        "--format",
        choices=["safetensors", "huggingface", "big_vision"],
        default="safetensors",
        help="form of the result (default: %(default)s)",
    )
    parser.add_argument(
        "--tokenizer",
        metavar="FILE",
        help="of a huggingface folder: the SentencePiece model that the run read, where it is not "
        'where it was; "none" leaves the tokenizer out',
    )
    parser.add_argument(
        "--dtype",
        choices=["float32", "bfloat16", "float16"],
        help="how values are stored (default: float16 in our own file, bfloat16 in a folder)",
    )


def run(args: argparse.Namespace) -> int:
    """Writes the copy and prints its size."""
    from spatialvlm_jax import progress
    from spatialvlm_jax.weights.safetensor_files import read_safetensors

    if args.tokenizer and args.format != "huggingface":
        raise UserError(f"--format={args.format} has no tokenizer: leave --tokenizer out")
    args.source = _weight_file(args.source)
    if args.out.resolve() == args.source.resolve():
        raise UserError(f"{args.out} is what is read: name another place for the copy")
    if args.format == "huggingface":
        _check_folder(args.out)
    else:
        check_suffix(args.out, "OUT", _SUFFIXES[args.format])
    with progress.waiting("reading the weights", "read the weights"):
        arrays, metadata = _plain(args.source, *read_safetensors(args.source))
    record = _record(args.source, metadata)
    with progress.waiting(f"writing {args.out}", f"wrote {args.out}"):
        if args.format == "safetensors":
            _write_own(args.out, arrays, metadata | record.belongs, args.dtype or "float16")
        else:
            _write_published(args, arrays, record, _model_config(args.source, metadata))
    files = [args.out] if args.out.is_file() else list(args.out.glob("*"))
    size = with_prefix(sum(file.stat().st_size for file in files), "B")
    print(f"{args.out}: {sum(a.size for a in arrays.values()):,} parameters, {size}")
    return 0


def _weight_file(source: Path) -> Path:
    """The weights, and with them the configuration, that a run left at its end."""
    file = source / "model.safetensors" if source.is_dir() else source
    if source.is_dir() and not file.is_file():
        raise UserError(
            f"{file} is not there: a run leaves it at its end, and the same train.py command "
            "continues one that was stopped"
        )
    return file


def _record(source: Path, metadata: Mapping[str, str]) -> "RunRecord":
    """What is known of the run: the names that it taught by its data, where it was made before
    runs kept them and its configuration can still be read as a whole."""
    from spatialvlm_jax.config import from_config_dict, run_config
    from spatialvlm_jax.experiment import Experiment
    from spatialvlm_jax.weights.run_record import RunRecord
    from spatialvlm_jax.worlds.shown_names import shown_names

    record = RunRecord.of(source, metadata)
    if record.taught is None or record.taught.names is not None or not record.experiment:
        return record
    try:
        experiment = from_config_dict(Experiment, run_config(record.experiment, str(source)))
    except UserError:  # an export takes of it no more than the model
        return record
    names = shown_names(each for each in experiment.data.datasets if each.weight > 0)
    return record if names is None else record.with_names(names)


def _check_folder(folder: Path) -> None:
    """Refuses a folder that holds what no export left, such as published weights."""
    from spatialvlm_jax.atomic_write import final_name
    from spatialvlm_jax.foreign_files.json_files import read_object

    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    whole = {name for name in names if name[0] != "." and name == final_name(name)}
    if all(name.endswith(".partial") for name in whole):
        return
    config = folder / "config.json"
    if not config.is_file() or "spatialvlm" not in read_object(config, "a configuration"):
        raise UserError(
            f"{folder} holds {min(whole)} and no export of this program: name a new or an empty "
            "folder"
        )


def _plain(
    source: Path, arrays: dict[str, Any], metadata: dict[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Weights and header of the same model without adapters, in plain floats."""
    from spatialvlm_jax.migration import migrate
    from spatialvlm_jax.models.adapters import is_adapter, merge
    from spatialvlm_jax.models.quantize import FORMATS, dequantize, is_scale

    if not any(is_adapter(name) or is_scale(name) for name in arrays):
        return arrays, metadata
    config = _model_config(source, metadata)
    header = migrate(json.loads(metadata["config"]))
    header["model"]["adapters"]["rank"] = 0
    header["model"] |= {name: [] for name in FORMATS}
    plain = merge(dequantize(arrays), config.adapters)
    return plain, {**metadata, "config": json.dumps(header)}


def _model_config(source: Path, metadata: dict[str, str]) -> Any:
    from spatialvlm_jax.config import from_config_dict
    from spatialvlm_jax.experiment import ModelConfig
    from spatialvlm_jax.migration import migrate

    try:
        return from_config_dict(ModelConfig, migrate(json.loads(metadata["config"]))["model"])
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{source} does not say what model it is of: {error}") from None


def _write_own(out: Path, arrays: Any, metadata: dict[str, str], dtype: Any) -> None:
    from flax import nnx

    from spatialvlm_jax.models.checkpoint_file import save_safetensors

    flat: Any = {tuple(name.split("/")): nnx.Param(array) for name, array in arrays.items()}
    save_safetensors(out, nnx.from_flat_state(flat), metadata, dtype=dtype)


def _write_published(
    args: argparse.Namespace, arrays: Any, record: "RunRecord", config: Any
) -> None:
    from spatialvlm_jax.weights.load import CAMERA_MAPS
    from spatialvlm_jax.weights.save import save_big_vision

    if config.encoder.stem != "patch":
        raise UserError(
            f"--format={args.format} wants a PaliGemma, and the encoder of {args.source} has stem "
            f'"{config.encoder.stem}": --format=safetensors takes any model'
        )
    settings = record.belongs
    beside = ("dense_head/", CAMERA_MAPS)
    model = {name: x for name, x in arrays.items() if not name.startswith(beside)}
    cautions = list(_cautions(args.source, config.encoder.image_size, settings))
    if args.format == "huggingface":
        _write_folder(args, model, config, record)
    elif args.dtype not in (None, "float32"):
        raise UserError("--format=big_vision stores float32: leave --dtype out")
    else:
        save_big_vision(args.out, model, config, settings=settings)
    for line in cautions:
        print(f"spatialvlm export: {line}", file=sys.stderr)


def _write_folder(args: argparse.Namespace, model: Any, config: Any, record: Any) -> None:
    """Writes a folder as PaliGemma is published; what may be refused is, before the weights."""
    from spatialvlm_jax.atomic_write import whole_file
    from spatialvlm_jax.weights.model_card import model_card
    from spatialvlm_jax.weights.processor_files import chat_template
    from spatialvlm_jax.weights.save import huggingface_pieces, save_huggingface
    from spatialvlm_jax.weights.tokenizer_files import tokenizer_files

    huggingface_pieces(model, config)
    dtype = args.dtype or "bfloat16"
    tokenizer = record.tokenizer(args.tokenizer)
    files = tokenizer_files(tokenizer, config.decoder.vocab_size) if tokenizer else {}
    card = model_card(
        record,
        title=args.out.resolve().name,
        dtype=dtype,
        figures=_figures(record.figures),
        cautions=_cautions(Path(args.source.name), config.encoder.image_size, record.belongs),
    )
    files |= {"chat_template.jinja": chat_template(record.prefix).encode()}
    files |= {"README.md": card.encode()}
    save_huggingface(
        args.out,
        model,
        config,
        dtype=dtype,
        settings=record.belongs,
        answer_tokens=record.answer_tokens,
    )
    for name, content in files.items():
        with whole_file(args.out / name) as temporary:
            temporary.write_bytes(content)


def _figures(summary: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The overall figures of an evaluation as a table, its head first."""
    from spatialvlm_jax.evaluation.report.results import headline_rows

    head = ("metric", "value", "baseline", "95 % interval", "answers")
    try:
        table = [
            (x.title, x.written(x.value), x.written(x.baseline), x.interval, f"{x.count:,}")
            for x in headline_rows(dict(summary), None)
        ]
    except (AttributeError, KeyError, TypeError, IndexError, ValueError) as error:
        raise UserError(f"the figures beside the weights cannot be read ({error!r})") from None
    return [head, *table] if table else []


def _cautions(source: Path, pixels: int, settings: Mapping[str, str]) -> Iterator[str]:
    """What readers of the published forms do otherwise than the run, and what to do about it."""
    from spatialvlm_jax.weights.settings import ATTENTION, CAMERA, FOCAL, PREFIX, RESIZE

    if settings.get(ATTENTION, "prefix") != "prefix":
        yield (
            f"the weights were trained under {ATTENTION}={settings[ATTENTION]}, and readers of "
            "this form apply prefix, under which they answer otherwise: train the last steps "
            f"under it (--config=configs/paligemma.py:weights={source},rule=prefix, or "
            f"docs/finetuning.md), and export those"
        )
    if settings.get(RESIZE, "squash") != "squash":
        yield (
            f"the weights were trained on padded pictures ({RESIZE}={settings[RESIZE]}), and "
            f"readers squash: hand them pictures laid on a grey square of {pixels} pixels, or "
            f"train the last steps with --config.{RESIZE}=squash"
        )
    if settings.get(PREFIX, "{question}") != "{question}":
        yield f"questions were put to it as {settings[PREFIX]!r}: put yours so, too"
    if (needs := _CAMERA_NEEDS.get(settings.get(CAMERA, "none"))) is not None:
        yield needs.format(FOCAL=settings.get(FOCAL, ""))
