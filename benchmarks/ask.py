"""How soon a model answers, and what a question costs.

    python benchmarks/ask.py --json=ask.json

Each start is a process of `spatialvlm ask` with one question, from its start to its end; the first
one fills the cache of compiled programs and does not count. Then 32 questions about one picture are
asked in this process, with the distributions of quantities and without: CPU time of all cores, of
the cheapest round, as other work on the machine only adds. The picture is one of the README's.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import spatialvlm_jax
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.inference.asked_rows import QUESTION_BUCKETS
from spatialvlm_jax.inference.picture import open_picture
from spatialvlm_jax.inference.scored_values import SCORED_VALUES

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "world_11.png"
WORDS = (
    "How wide would you say the blue ball is?",
    "What is the gap between the blue ball and the gray sofa?",
    "is the white chair to the left of the gray sofa?",
    "What color is the sofa?",
)


def seconds_to_answer(model: str, starts: int) -> tuple[float, float]:
    """The fastest of processes that ask one question, and the least CPU time of one."""
    command = [sys.executable, "-m", "spatialvlm_jax.cli", "ask", str(PICTURE), WORDS[0]]
    passed, spent = [], []
    for _ in range(starts + 1):
        begin, before = time.perf_counter(), _seconds_of_children()
        subprocess.run([*command, f"--model={model}", "--json"], check=True, capture_output=True)
        passed.append(time.perf_counter() - begin)
        spent.append(_seconds_of_children() - before)
    return min(passed[1:]), min(spent[1:])


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def milliseconds_of_cpu(model: str, scored_values: int, rounds: int) -> float:
    """A question, where as many are asked as fit into one pass."""
    loaded, count = spatialvlm_jax.load(model), QUESTION_BUCKETS[-1]
    questions = (WORDS * count)[:count]
    image = np.asarray(open_picture(PICTURE).image)
    spent = []
    for number in range(rounds + 1):
        # Another picture each time, which has no encoding yet.
        picture = np.roll(image, number, axis=1)
        begin = time.process_time()
        loaded.ask(picture, questions, scored_values=scored_values)
        spent.append(time.process_time() - begin)
    return 1e3 * min(spent[1:]) / count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small128", help="default: %(default)s")
    parser.add_argument("--starts", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    first, first_cpu = seconds_to_answer(args.model, args.starts)
    figures = {
        "first_answer_seconds": first,
        "first_answer_cpu_seconds": first_cpu,
        "cpu_ms_a_question": milliseconds_of_cpu(args.model, SCORED_VALUES, args.rounds),
        "cpu_ms_a_question_in_words": milliseconds_of_cpu(args.model, 0, args.rounds),
    }
    print("| first answer after the start | a question of 32 | without distributions |")
    print("|---|---|---|")
    _, _, full, words = figures.values()
    start = f"{first:.1f} s, {first_cpu:.1f} s of CPU"
    print(f"| {start} | {full:.1f} ms of CPU | {words:.1f} ms of CPU |")
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    main()
