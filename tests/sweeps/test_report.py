"""Tables and page of a sweep."""

import csv

from spatialvlm_jax.cli import main
from spatialvlm_jax.sweeps.record import ArmRecord, SweepRecord, load_sweep
from spatialvlm_jax.sweeps.report import write_tables
from spatialvlm_jax.sweeps.table import format_results
from tests.sweeps.stored_answers import fail, finish
from tests.sweeps.test_results import draw, swept


def test_all_tables_are_written_from_disk_alone(tmp_path, capsys):
    swept(tmp_path)
    assert main(["sweep", "table", str(tmp_path), "--difference=.1"]) == 0
    said = capsys.readouterr().out
    assert "6 of 9 trials finished, 0 failed, 3 to run" in said
    assert "Within 25 % of truth" in said
    lines = (tmp_path / "table.md").read_text().splitlines()
    at = lines.index("## Within 25 % of truth")
    assert lines[at + 4].startswith("| a | 3 | 100.0 % |")
    assert lines[at + 5].startswith("| b | 3 | 0.0 % |")
    assert "-100.0" in lines[at + 5]
    assert "| height | 24 | 100.0 % | 0.0 % (-100.0\\*) | – |" in lines
    # Of left_of and height one arm is compared, which is the better one and always too long.
    chance = "2 of 2 differences have p ≤ .05 before that, where chance alone shows 0.1."
    (said,) = [line for line in lines if line.endswith(chance)]
    assert "a star where p is at most .05, adjusted for the number of arms" in said
    assert said in (tmp_path / "index.html").read_text()
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    (row,) = [row for row in rows if (row["type"], row["arm"]) == ("height", "b")]
    assert (row["figure"], row["seeds"], row["questions"]) == ("within_25", "3", "24")
    assert float(row["difference"]) == -1.0
    page = (tmp_path / "index.html").read_text()
    assert "<svg" in page
    assert "10.0 % so" in page


def test_what_failed_is_in_every_table_and_in_the_exit_code(tmp_path, capsys):
    trials = swept(tmp_path)
    fail(trials[2], ("<b>said</b>", "out of | memory"))
    assert main(["sweep", "table", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "c, seed 1 failed: out of | memory\n  <b>said</b>\n" in said
    assert "alone: python train.py" in said
    assert "- failed: c, seed 1: out of \\| memory" in (tmp_path / "table.md").read_text()
    page = (tmp_path / "index.html").read_text()
    assert "&lt;b&gt;said&lt;/b&gt;" in page
    assert "<b>said" not in page


def test_names_of_arms_are_text_wherever_they_stand(tmp_path):
    name = "<i>a|b_c</i>"
    arms = (ArmRecord("base", (), "0" * 64, 1), ArmRecord(name, ("config.x=<u>",), "1" * 64, 1))
    record = SweepRecord("configs/debug.py", (), arms, 2)
    record.save(tmp_path)
    for trial in record.list_trials(tmp_path):
        finish(trial, draw(0.5, trial.seed + len(trial.arm.name)))
    results = write_tables(load_sweep(tmp_path), tmp_path, 0.02)
    assert "| \\<i\\>a\\|b\\_c\\</i\\> | 2 |" in (tmp_path / "table.md").read_text()
    page = (tmp_path / "index.html").read_text()
    assert name not in page
    assert "<u>" not in page
    assert name in format_results(results)


def test_a_sweep_with_nothing_finished_has_tables_that_say_so(tmp_path, capsys):
    SweepRecord("configs/debug.py", (), (ArmRecord("a", (), "0" * 64, 1),), 2).save(tmp_path)
    assert main(["sweep", "table", str(tmp_path)]) == 0
    assert "0 of 2 trials finished" in capsys.readouterr().out
    assert "0 of 2 trials finished" in (tmp_path / "index.html").read_text()
