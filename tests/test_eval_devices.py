"""The same figures on one device and on eight, where most rows of a batch are filled up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generation.pictures import PictureSource, pairs, store_pictures

IMAGES = 5
ON_ONE_AND_EIGHT = """
import json
import sys
from pathlib import Path

import jax
from flax import nnx

from data_loaders.model_evaluation import evaluate_model
from spatialvlm_jax.experiment import MeshConfig
from spatialvlm_jax.inputs.tokenizer import load_tokenizer
from spatialvlm_jax.models.checkpoint_file import save_safetensors
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.checkpoints.load_model import restore_model
from spatialvlm_jax.training.sharding import device_mesh
from spatialvlm_jax.weights.settings import settings_of
from tests.test_eval import experiment_on

folder = Path(sys.argv[1])
experiment = experiment_on(str(folder / "data"))
weights = folder / "tiny.safetensors"
model = VLM(experiment.model, rngs=nnx.Rngs(0))
save_safetensors(weights, model, {"step": "7", **settings_of(experiment)})
tokenizer = load_tokenizer(experiment.data, experiment.model)
assert len(jax.devices()) == 8
found = []
for count in (1, 8):
    mesh = device_mesh(MeshConfig(), jax.devices()[:count])
    model, _ = restore_model(experiment, folder, str(weights), mesh)
    scorer = evaluate_model(model, experiment, tokenizer, mesh)
    said = [answer.as_dict() for answer in scorer.answers()]
    found.append({"summary": scorer.summary(), "said": said})
print(json.dumps(found))
"""


@pytest.mark.slow
def test_figures_are_the_same_on_one_device_and_on_eight(tmp_path: Path) -> None:
    store_pictures(PictureSource(), {"validation": IMAGES}, tmp_path / "data")
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", ON_ONE_AND_EIGHT, str(tmp_path)],
        env={**os.environ, **flags, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, eight = json.loads(done.stdout.splitlines()[-1])
    # Five pictures fill eight rows: the three that are filled up count nowhere.
    assert len(eight["said"]) == IMAGES * len(pairs(0))
    assert eight["said"] == one["said"]
    assert eight["summary"] == one["summary"]
    assert one["summary"]["number_given"]["count"] == 2 * IMAGES
