"""A trial for TensorBoard: what its arm changes, and its figures."""

import json
import struct
from pathlib import Path
from typing import Any

from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

from spatialvlm_jax.sweeps.hparams import write_hparams
from spatialvlm_jax.sweeps.record import ArmRecord, Trial


def values_in(folder: Path) -> dict[str, tuple[int, Any]]:
    """All values of the events in a folder, with their step, by tag."""
    found: dict[str, tuple[int, Any]] = {}
    for path in sorted(folder.iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):  # length, its checksum, the event, its checksum
            (size,) = struct.unpack_from("<Q", content, place)
            event = Event.FromString(content[place + 12 : place + 12 + size])
            found |= {value.tag: (event.step, value) for value in event.summary.value}
            place += 16 + size
    return found


def test_numbers_texts_seed_and_figures_are_there(tmp_path):
    changes = ("config.optim.peak_lr=3e-3", "config.optim.freeze=('encoder',)")
    trial = Trial(ArmRecord("frozen, fast", changes, "abc", 40), 2, tmp_path)
    figures = {"within_25": {"value": 0.5}, "cider": {"value": None}, "other": {"value": 1.0}}
    (tmp_path / "summary.json").write_text(json.dumps(figures))
    write_hparams(trial)
    found = values_in(tmp_path / "tensorboard")
    step, value = found["hparam/within_25"]
    assert (step, value.simple_value) == (40, 0.5)
    assert {tag for tag in found if tag.startswith("hparam/")} == {"hparam/within_25"}
    _, start = found["_hparams_/session_start_info"]
    said = HParamsPluginData.FromString(start.metadata.plugin_data.content).session_start_info
    assert said.hparams["optim.peak_lr"].number_value == 3e-3
    assert said.hparams["optim.freeze"].string_value == "('encoder',)"
    assert said.hparams["arm"].string_value == "frozen, fast"
    assert said.hparams["seed"].number_value == 2
