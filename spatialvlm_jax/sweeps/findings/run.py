"""Runs what is missing of the findings: the branch point, then the trials of each sweep.

A trial whose result is kept is not run again. Kept results are of one commit's code: another code
makes other digests, and is refused before anything is run, so that no table mixes two.
"""

import dataclasses
import os
import shlex
import threading
from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax import progress
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.origin import git_revision, processor_name
from spatialvlm_jax.signals import StopRequest
from spatialvlm_jax.storage.checksums import describe_file
from spatialvlm_jax.sweeps.failures import last_lines, read_failure
from spatialvlm_jax.sweeps.findings import kept
from spatialvlm_jax.sweeps.findings.catalog import Finding
from spatialvlm_jax.sweeps.findings.page import finding_page, write_findings_page
from spatialvlm_jax.sweeps.identity import check_code
from spatialvlm_jax.sweeps.jobs import divided, run_jobs
from spatialvlm_jax.sweeps.plan import SweepPlan, describe_plan, plan_sweep
from spatialvlm_jax.sweeps.record import SweepRecord, Trial
from spatialvlm_jax.sweeps.report import TABLES, write_tables
from spatialvlm_jax.sweeps.running import Runner, forget_failures, run_python

BRANCH_CONFIG = "configs/findings.py"
_CODE = ("spatialvlm_jax", "data_loaders", "configs", "train.py", "eval.py")
_WANTED = 0.02


@dataclasses.dataclass(frozen=True)
class FindingsRun:
    """How the findings are run.

    findings: in the order in which they are run. listed: all that the page shows.
    out: folder of what may be lost. keep: folder of what is kept. page: file that is written.
    jobs: trials at a time. seeds: at most so many, 0 for as many as each finding wants.
    overrides: words that change branch point and trials alike, "--config.train.steps=2".
    branch_config: of the branch point.
    again: forget what is kept of other code. retry_failed: run trials again that failed.
    """

    findings: Sequence[Finding]
    listed: Sequence[Finding]
    out: Path
    keep: Path
    page: Path
    jobs: int = 1
    seeds: int = 0
    overrides: Sequence[str] = ()
    branch_config: str = BRANCH_CONFIG
    again: bool = False
    retry_failed: bool = False

    @property
    def branch_point(self) -> Path:
        """The weights that all arms begin with."""
        return self.keep / kept.BRANCH_POINT

    def plan(self, finding: Finding) -> SweepPlan:
        """The sweep of a finding, its trials shared with the others'."""
        seeds = min(self.seeds or finding.seeds, finding.seeds)
        start = f"--config.train.init_from={self.branch_point}"
        words = [*self.overrides, start]
        return plan_sweep(finding.config, words, [], seeds, self.out / "trials", Path())


def run_findings(run: FindingsRun, request: StopRequest) -> bool:
    """Runs what is missing, keeping each result as it comes, and writes the page.

    Returns:
      Whether all is finished; False where a stop was asked for, or a trial failed.

    Raises:
      UserError: what is kept is of other code, or the branch point cannot be trained.
    """
    commit = describe_commit(Path())
    if not run.branch_point.is_file() and not make_branch_point(run, request):
        return False
    plans = [(finding, run.plan(finding)) for finding in run.findings]
    for finding, plan in plans:
        _check_kept(run, finding, plan)
    for finding, plan in plans:
        sweep = kept.KeptSweep(plan.record, commit, str(describe_file(run.branch_point)["sha256"]))
        kept.save_kept_sweep(run.keep, finding.key, sweep)
    if run.again:
        kept.forget_unused(run.keep, [path.stem for path in run.keep.glob("*.json")])
    is_whole = True
    for finding, plan in plans:
        print(f"\n{finding.title}\n{_describe(run, finding, plan)}", flush=True)
        is_whole &= _run_one(run, finding, plan, commit, request)
        if request.requested:
            break
    write_findings_page(run.page, run.keep, run.listed)
    return is_whole


def make_branch_point(run: FindingsRun, request: StopRequest) -> bool:
    """Trains and exports it; False where a stop was asked for.

    Raises:
      UserError: it fails, with what was said last.
    """
    workdir = run.out / "branch_point"
    train = ["train.py", f"--config={run.branch_config}", f"--workdir={workdir}"]
    export = [
        *("-m", "spatialvlm_jax.cli", "export", str(workdir), str(run.branch_point)),
        "--dtype=bfloat16",
    ]
    workdir.mkdir(parents=True, exist_ok=True)
    log = workdir / "log.txt"
    for words in ([*train, *run.overrides], export):
        progress.say(f"python {shlex.join(words)} (says more in {log})")
        code = run_python(words, log, lambda: request.requested)
        if request.requested:
            return False
        if code:
            said = "\n".join(last_lines(log)[-20:])
            raise UserError(f"the branch point could not be made (code {code}):\n{said}")
    return True


def describe_commit(checkout: Path) -> str:
    """The commit of the code that trials run, "+changes" where not all of it is committed.

    Raises:
      UserError: this is no checkout of git.
    """
    commit = git_revision(checkout, _CODE)
    if commit == "unknown":
        raise UserError("findings are told by a commit: run them in a checkout of git")
    return commit


def _check_kept(run: FindingsRun, finding: Finding, plan: SweepPlan) -> None:
    """Refuses to go on with other arms than those that results are kept of."""
    before = kept.load_kept_sweep(run.keep, finding.key)
    if before is None or run.again or not kept.load_kept_trials(run.keep, before.record):
        return
    there = {arm.name: arm.digest for arm in before.record.arms}
    here = {arm.name: arm.digest for arm in plan.record.arms}
    if there == here:
        return
    commit, copy = before.commit.removesuffix("+changes"), "runs/findings_checkout"
    raise UserError(
        f"{run.keep}: results of “{finding.title}” are kept of commit {before.commit[:12]}, and "
        "this code, data or branch point makes other arms. To go on with them, run them there: "
        f"git worktree add {copy} {commit}; cp -r {run.keep}/. {copy}/docs/findings; "
        f"make -C {copy} findings; and copy them back. To forget them and begin anew: "
        "make findings FLAGS=--again"
    )


def _describe(run: FindingsRun, finding: Finding, plan: SweepPlan) -> str:
    """The arms of a finding, and what is kept of them, which is not run again."""
    folder = run.out / finding.key
    trials = plan.record.list_trials(folder)
    there = sum(_is_kept(run, trial) for trial in trials)
    page = finding_page(run.keep, finding)
    said = f"{there} of {len(trials)} trials are kept, and not run again: {page}"
    return "\n".join([describe_plan(plan, folder), *([said] if there else [])])


def _run_one(
    run: FindingsRun, finding: Finding, plan: SweepPlan, commit: str, request: StopRequest
) -> bool:
    """Runs the trials of a finding of which nothing is kept; whether all are finished then."""
    folder, machine = run.out / finding.key, f"{processor_name()}, {os.cpu_count()} cores"
    plan.record.save(folder)
    trials = plan.record.list_trials(folder)
    lock = threading.Lock()

    def keep() -> None:
        with lock:  # several runners of this process end trials at a time
            for trial in trials:
                if trial.is_finished and not _is_kept(run, trial):
                    kept.keep_trial(run.keep, trial, commit, machine)
            _write_sweep(run, plan.record, folder)
            write_findings_page(run.page, run.keep, run.listed)

    if run.retry_failed:
        forget_failures(trials)
    keep()
    runner = Runner(
        plan.experiments, request, check=lambda: check_code(Path(), plan.code), after_trial=keep
    )
    missing = [trial for trial in trials if not _is_kept(run, trial)]
    run_jobs(divided(runner, run.jobs), missing)
    for trial in trials:
        if trial.has_failed:
            failure = read_failure(trial.workdir)
            print(f"{trial.title} failed: {failure['cause']}\nalone: {failure['command']}")
    return all(_is_kept(run, trial) for trial in trials)


def _write_sweep(run: FindingsRun, record: SweepRecord, folder: Path) -> None:
    """The tables of a sweep beside its trials; none where trials that are kept are lost there.

    They would say that what is kept is still to be run; the finding's own page has all.
    """
    trials = record.list_trials(folder)
    if all(trial.is_finished or not _is_kept(run, trial) for trial in trials):
        write_tables(record, folder, _WANTED)
        return
    for name in TABLES:
        (folder / name).unlink(missing_ok=True)


def _is_kept(run: FindingsRun, trial: Trial) -> bool:
    return kept.trial_file(run.keep, trial.arm.digest, trial.seed).is_file()
