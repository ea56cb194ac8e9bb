"""The two real frames of tests/data, as they are or with a change."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spatialvlm_jax.generation.sources.omni3d import Omni3DSettings, Omni3DSource, omni3d_source
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.scene.records import QA, Scene

SAMPLE = Path(__file__).parents[2] / "data" / "omni3d_sample"
STAGES = Stages(QAConfig(pairs_per_image=120, max_per_type=20, max_per_pair=99), lift=None)
CONTENT = json.loads((SAMPLE / "omni3d_sample.json").read_text())


def opened(folder: Path = SAMPLE, root: Path = SAMPLE, **settings: Any) -> Omni3DSource:
    path = str(folder / "omni3d_sample.json")
    return omni3d_source(Omni3DSettings(annotations=(path,), image_root=str(root), **settings))


def scene(index: int, source: Omni3DSource | None = None) -> tuple[Scene, list[QA]]:
    source = source or opened()
    (observed,) = source.observe([index])
    assert isinstance(observed, Scene), str(observed)
    made = STAGES.named(observed)
    return made, STAGES.pairs(made)


def changed(tmp_path: Path, change: Callable[[Any], Any]) -> Omni3DSource:
    content = copy.deepcopy(CONTENT)
    change(content)
    (tmp_path / "omni3d_sample.json").write_text(json.dumps(content))
    return opened(tmp_path)


def with_first(tmp_path: Path, **fields: Any) -> Omni3DSource:
    """The frames, the first annotation with other fields."""
    return changed(tmp_path, lambda content: content["annotations"][0].update(fields))


def annotated(index: int) -> list[dict[str, Any]]:
    return [each for each in CONTENT["annotations"] if each["image_id"] == index]
