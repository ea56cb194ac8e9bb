from pathlib import Path

import jax
import pytest

from spatialvlm_jax.training.provenance import use_compilation_cache


def test_a_cache_that_cannot_be_written_to_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = jax.config.values["jax_compilation_cache_dir"]
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", Path("/proc/nothing")):
        caplog.clear()
        monkeypatch.setenv("XDG_CACHE_HOME", str(place))
        assert use_compilation_cache() is None
        assert len(caplog.messages) == 1
        assert caplog.messages[0].startswith("compiled programs are not kept, and compiled again")
        assert str(place) in caplog.messages[0]
    assert jax.config.values["jax_compilation_cache_dir"] == before
