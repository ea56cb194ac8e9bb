"""How well a model knows that what a question names is not in the picture, and from where on.

    python benchmarks/presence.py --scenes=80 --json=presence.json
    python benchmarks/presence.py --model=runs/mine/model.safetensors --keep

Scenes of the worlds that the model was taught by, drawn with another seed, are asked about what is
there and about what is not: the same kind of thing in another color, and a kind of thing that the
picture has none of. What the model holds less probable than a threshold, `spatialvlm ask` cannot
see; what it doubts, a note tells. The threshold is the largest at which at most a share of the
things that are there (--wrongly) is taken for missing. --keep writes it into the header of the
weights, which makes it hold.
"""

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import spatialvlm_jax
from spatialvlm_jax.atomic_write import whole_file, write_json
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.flags import number, whole_number
from spatialvlm_jax.generation.questions.visibility import contents_of
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.picture import open_picture
from spatialvlm_jax.inference.spatial_answer import DOUBTED
from spatialvlm_jax.random_stream import RandomStream, entropy_of
from spatialvlm_jax.scene.records import Scene
from spatialvlm_jax.taught import TaughtNames
from spatialvlm_jax.text_table import align_columns
from spatialvlm_jax.weights.settings import LEAST_SEEN
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.source import iterate_scenes

SEED = 990_017  # no data set is drawn with it
SORTS = THERE, OTHER_COLOR, NOT_THERE = ("there", "there in another color", "not there")
_EACH = 3  # things of a scene that are not there, of each sort


@dataclasses.dataclass(frozen=True)
class Thing:
    """Something that a scene was asked about, and how probable the model held it."""

    preset: str
    sort: str
    name: str
    seen: float


def things_of(scene: Scene, recipe: WorldsRecipe, names: TaughtNames) -> list[tuple[str, str]]:
    """Names of things with their sorts: all that are clearly there, some that are not."""
    contents = contents_of(scene, recipe.questions)
    shown = {thing.category for thing in scene.objects}
    clear = {scene.objects[index].category for index in contents.clear}
    captions = {thing.caption for thing in scene.objects}
    draws = RandomStream(entropy_of(SEED, scene.image_id))
    found = [(THERE, scene.objects[index].caption) for index in contents.named]
    for sort, nouns in (
        (OTHER_COLOR, [noun for noun in names.nouns if noun in clear]),
        (NOT_THERE, [noun for noun in names.nouns if noun not in shown]),
    ):
        missing = [f"{color} {noun}" for color in names.adjectives for noun in nouns]
        missing = [name for name in missing if name not in captions]
        found += [(sort, name) for name in draws.shuffle(missing)[:_EACH]]
    return found


def ask_of_scenes(model: LoadedModel, recipe: WorldsRecipe, scenes: int) -> Iterator[Thing]:
    """Asks a model that has been made to look for whatever it is asked about."""
    assert model.taught is not None
    assert model.taught.names is not None
    config = WorldConfig.preset(recipe.preset, image_size=recipe.image_size, streams=recipe.streams)
    drawn = iterate_scenes(config, SEED, range(scenes))
    for scene in tqdm(drawn, desc=recipe.preset, total=scenes, unit="scene"):
        things = things_of(scene, recipe, model.taught.names)
        questions = [f"how wide is the {name}?" for _, name in things]
        answers = model.ask(open_picture(scene.image), questions, scored_values=0)
        for (sort, name), answer in zip(things, answers, strict=True):
            assert answer.seen is not None
            yield Thing(recipe.preset, sort, name, answer.seen)


def least_seen(things: Sequence[Thing], wrongly: float) -> float:
    """The largest threshold below which at most this share of what is there lies."""
    there = np.sort([each.seen for each in things if each.sort == THERE])
    return float(f"{there[int(wrongly * len(there))]:.3g}")


def shares(things: Sequence[Thing], least: float) -> list[dict[str, Any]]:
    """Of the things of each preset and sort, the shares that are not seen, and that are doubted."""
    rows = []
    for preset, sort in dict.fromkeys((each.preset, each.sort) for each in things):
        seen = np.array(
            [each.seen for each in things if (each.preset, each.sort) == (preset, sort)]
        )
        rows.append(
            {
                "worlds": preset,
                "sort": sort,
                "count": len(seen),
                "unseen": float(np.mean(seen < least)),
                "doubted": float(np.mean((seen >= least) & (seen < DOUBTED))),
            }
        )
    return sorted(rows, key=lambda row: (row["worlds"], SORTS.index(row["sort"])))


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """As people read them."""
    head = ("worlds", "is", "things", "cannot be seen", "only a note")
    cells = [
        (
            row["worlds"],
            row["sort"],
            str(row["count"]),
            f"{100 * row['unseen']:.1f} %",
            f"{100 * row['doubted']:.1f} %",
        )
        for row in rows
    ]
    return align_columns([head, *cells], rule=True, left=2)


def keep(path: Path, least: float) -> None:
    """Writes a threshold into the header of a weight file; its tensors stay as they are.

    Raises:
      UserError: it is 0, which declines nothing.
    """
    if not least:
        raise UserError(
            "some of what is there is held impossible, so no threshold above 0 misses so little: "
            "nothing was kept; --wrongly allows more"
        )
    content = path.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header["__metadata__"][LEAST_SEEN] = str(least)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with whole_file(path) as temporary:
        temporary.write_bytes(len(text).to_bytes(8, "little") + text + content[begin:])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small128", help="default: %(default)s")
    parser.add_argument(
        "--scenes", type=whole_number(1), default=80, help="of each kind; default: %(default)s"
    )
    help_text = "share of what is there that may be missed; default: %(default)s"
    parser.add_argument("--wrongly", type=number(0.0, 0.999), default=0.015, help=help_text)
    parser.add_argument("--keep", action="store_true", help="write the threshold into the weights")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    model = spatialvlm_jax.load(args.model)
    if args.keep and not Path(args.model).is_file():
        raise UserError(f"--keep wants a weight file, such as {args.model}/model.safetensors")
    taught = model.taught
    if taught is None or taught.names is None or not {"existence", "width"} <= {*taught.wordings}:
        raise UserError(
            f"{args.model} does not say what it calls things, or was not taught questions of the "
            "types existence and width"
        )
    looking = dataclasses.replace(model, least_seen=1e-9)
    recipes = {
        each.worlds.preset: each.worlds
        for each in model.experiment.data.datasets
        if each.worlds is not None
    }
    things = [
        thing
        for recipe in recipes.values()
        for thing in ask_of_scenes(looking, recipe, args.scenes)
    ]
    least = least_seen(things, args.wrongly)
    found = shares(things, least)
    print("\n".join([*table(found), "", f"{LEAST_SEEN} {least}"]))
    if args.json:
        write_json(args.json, {LEAST_SEEN: least, "shares": found})
    if args.keep:
        keep(Path(args.model), least)


if __name__ == "__main__":
    main()
