"""`spatialvlm experts`: which models look at photos, which are here, and whether they work."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spatialvlm_jax.errors import UserError

if TYPE_CHECKING:
    from spatialvlm_jax.generation.experts.base import Photo
    from spatialvlm_jax.generation.experts.build import ExpertsConfig

TAKES_OVERRIDES = True
ROLES = ("filter", "detector", "segmenter", "depth", "ground", "embedder")
_PICTURE_SIDE = 256

_DESCRIPTION = """\
Lists the roles of experts, the models that look at plain photos: the model of each, its licence,
its size, the memory of its weights, and whether it lies on this machine. Nothing is downloaded.

With --check, each is loaded and asked about one rendered picture; a line says what it answered and
how long it took, or what is wrong. The exit code is 2 where one does not work.
"""
_EPILOG = """\
examples:
  spatialvlm experts
  spatialvlm experts --all
  spatialvlm experts --check --config.experts.detector=models/florence \\
    --config.experts.segmenter=models/sam2 --config.experts.depth=models/depth_pro \\
    --config.experts.filter=none --config.experts.ground=none --config.experts.embedder=none
  spatialvlm experts --check=depth --config.experts.depth=models/depth_pro

Roles are set as in `spatialvlm generate`: a folder, a name on the model hub, "files:PATH", or none
for filter, ground and embedder. docs/experts.md is the guide.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `experts`."""
    parser = subparsers.add_parser(
        "experts",
        help="which models look at photos, which are here, and whether they work",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--config", metavar="FILE.py[:PRESET]", help="settings; see configs/generation.py")
    help_text = "load these experts, all by default, and ask them about a rendered picture"
    add("--check", nargs="?", const=",".join(ROLES), metavar="ROLE,...", help=help_text)
    add("--all", action="store_true", help="list other published models, too")
    parser.set_defaults(overrides=[])


def run(args: argparse.Namespace) -> int:
    """Prints the list, or what the check found; returns 2 where an expert does not work."""
    from spatialvlm_jax.generation.experts.published import published_rows
    from spatialvlm_jax.text_table import align_columns

    config = _read_experts(args)
    if args.check is not None:
        return _check(config, _checked_roles(args.check))
    for line in _list(config):
        print(line)
    if args.all:
        print("\nPublished models that can serve:\n")
        print("\n".join(align_columns(published_rows(), left=4)))
    return 0


def _read_experts(args: argparse.Namespace) -> "ExpertsConfig":
    from spatialvlm_jax.config import from_config_dict, override_fields, read_settings_file
    from spatialvlm_jax.generation.settings import GenerationSettings

    config = read_settings_file(GenerationSettings, args.config)
    override_fields(config, args.overrides, GenerationSettings)
    return from_config_dict(GenerationSettings, config).experts


def _checked_roles(text: str) -> list[str]:
    roles = [role.strip() for role in text.split(",") if role.strip()]
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        named = f", not {unknown[0]!r}" if unknown else ""
        raise UserError(f"--check takes some of {', '.join(ROLES)}{named}")
    return list(dict.fromkeys(roles))


def _list(config: "ExpertsConfig") -> list[str]:
    """A row for each role, and what is to be done about models that are missing."""
    from spatialvlm_jax.generation.experts.build import model_names
    from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, weight_files
    from spatialvlm_jax.generation.experts.present import find_models
    from spatialvlm_jax.generation.experts.published import published_model
    from spatialvlm_jax.text_table import align_columns

    names = model_names(config)
    found = find_models(names)
    rows = [("role", "model", "licence", "here", "file", "float32", "float16")]
    for role in ROLES:
        name, here = getattr(config, role), found.get(role)
        known = published_model(name or "")
        file, whole, half = ("", "", "")
        if known is not None:
            file, whole, half = (
                f"{known.gigabytes(each):.2f} GB" for each in (known.stored_bytes, 4, 2)
            )
        place = "no" if here else "-"
        if isinstance(here, Checkpoint):
            place = str(here.folder)
            file = f"{sum(each.stat().st_size for each in weight_files(here)) / 1e9:.2f} GB"
        licence = known.licence if known else ""
        rows.append((role, name or "left out", licence, place, file, whole, half))
    return [*align_columns(rows, left=4), "", _memory(names), *_remedies(names, found)]


def _remedies(names: Mapping[str, str], found: Mapping[str, Any]) -> list[str]:
    """What is to be done before photos can be looked at with these models, a line each."""
    from spatialvlm_jax.generation.experts.checkpoint import (
        MISSING_EXTRA,
        ExpertError,
        MissingModelError,
    )
    from spatialvlm_jax.generation.experts.present import download, has_packages

    lines = [MISSING_EXTRA] if names and not has_packages() else []
    missing = [role for role in names if isinstance(found[role], MissingModelError)]
    if missing:
        steps = {role: download(role, names[role]) for role in missing}
        commands = dict.fromkeys(command for command, _ in steps.values())
        flags = [f"--config.experts.{role}={folder}" for role, (_, folder) in steps.items()]
        lines.append("Fetch what is missing where there is a network:")
        lines += [f"  {command}" for command in commands]
        lines.append("and give the folders, or none for filter, ground and embedder:")
        lines += [f"  {flag}" for flag in flags]
    for role in names:
        if isinstance(found[role], ExpertError) and role not in missing:
            lines.append(f"{role}: {found[role]}")
    return ["", *lines] if lines else []


def _memory(names: Mapping[str, str]) -> str:
    """What the weights of the known models take together, each as often as it is loaded."""
    from spatialvlm_jax.generation.experts.published import published_model

    known = [model for name in names.values() if (model := published_model(name)) is not None]
    whole, half = (sum(model.gigabytes(each) for model in known) for each in (4, 2))
    return (
        f"Weights in memory: {whole:.1f} GB in float32, {half:.1f} GB in float16"
        " (--config.experts.dtype=float16); activations come on top."
    )


def _check(config: "ExpertsConfig", roles: list[str]) -> int:
    from spatialvlm_jax import progress
    from spatialvlm_jax.generation.experts.check import check_expert

    photo, fine = render_photo(), True
    for role in roles:
        name, times = getattr(config, role), ""
        wait = progress.Waiting(f"loading {name} and asking it", "")
        result = check_expert(config, role, photo)
        wait.end(failed=True)  # the line below says how long it took
        fine = fine and result.fine
        if result.load_seconds + result.answer_seconds >= 0.05:
            load, answer = result.load_seconds, result.answer_seconds
            times = f" ({load:.1f} s to load, {answer:.1f} s for a picture)"
        named = f"{name}: " if name and name not in result.said else ""
        state = "ok" if result.fine else "fault"
        print(f"{role:<9}  {state:<5}  {named}{result.said}{times}", flush=True)
    return 0 if fine else 2


def render_photo() -> "Photo":
    """The picture that experts are asked about: a rendered room, with its truth."""
    from spatialvlm_jax import progress

    with progress.waiting("rendering a picture to ask about", "rendered it"):
        from spatialvlm_jax.generation.experts.rendered import rendered_photos
        from spatialvlm_jax.worlds.config import WorldConfig

        world = WorldConfig.preset("simple", image_size=_PICTURE_SIDE)
        (photo,) = rendered_photos(world, 0, [0])
    return photo
