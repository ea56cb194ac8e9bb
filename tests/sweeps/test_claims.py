"""One at a time holds a folder; the dead hold nothing."""

import json
import os
import subprocess
import sys
import threading

from spatialvlm_jax.sweeps import claims as claims_module
from spatialvlm_jax.sweeps.claims import Claims


def test_a_second_taker_gets_nothing_until_the_first_lets_go(tmp_path):
    with Claims().take(tmp_path) as first, Claims().take(tmp_path) as second:
        assert first is not None
        assert second is None
    with Claims().take(tmp_path) as third:
        assert third is not None
    assert list(tmp_path.iterdir()) == []


def test_of_many_who_try_at_once_one_gets_it(tmp_path):
    barrier, found = threading.Barrier(8), []

    def try_it() -> None:
        barrier.wait()
        with Claims().take(tmp_path) as claim:
            found.append(claim)
            barrier.wait()

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim is not None for claim in found) == 1


def test_the_claim_of_a_process_of_this_machine_that_is_no_more_is_dead_at_once(tmp_path):
    code = (
        "import os, sys, pathlib; from spatialvlm_jax.sweeps.claims import Claims;"
        "held = Claims().take(pathlib.Path(sys.argv[1])); held.__enter__(); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (left,) = tmp_path.glob("claim-*.json")
    with Claims().take(tmp_path) as claim:
        assert claim is not None
        assert left.is_file()


def test_the_claim_of_another_machine_is_dead_once_it_is_not_renewed(tmp_path):
    theirs = tmp_path / "claim-00000.json"
    theirs.write_text(json.dumps({"machine": "other", "process": 1}))
    patient, hasty = Claims(dead_after=3600), Claims(dead_after=0)
    for claims in (patient, hasty, patient):
        with claims.take(tmp_path) as claim:
            assert claim is None
    os.utime(theirs, ns=(1, 1))
    with hasty.take(tmp_path) as claim:  # renewed since
        assert claim is None
    with hasty.take(tmp_path) as claim:
        assert claim is not None


def test_a_holder_that_was_thought_dead_learns_of_it_and_leaves_the_others_claim(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(claims_module, "SECONDS_BETWEEN_BEATS", 0.01)
    with Claims().take(tmp_path) as claim:
        assert claim is not None
        (tmp_path / "claim-00001.json").write_text("{}")
        waited = threading.Event()
        while not claim.lost:
            waited.wait(0.01)
    assert (tmp_path / "claim-00001.json").is_file()


def test_a_claim_is_renewed_while_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(claims_module, "SECONDS_BETWEEN_BEATS", 0.01)
    with Claims().take(tmp_path):
        (path,) = tmp_path.glob("claim-*.json")
        os.utime(path, ns=(1, 1))
        waited = threading.Event()
        while path.stat().st_mtime_ns == 1:
            waited.wait(0.01)
