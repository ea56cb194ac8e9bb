"""The end of a run that a signal to any of its processes asks for, agreed on by all of them."""

from spatialvlm_jax.signals import NOTHING_SAVED, Interrupted, StopRequest
from spatialvlm_jax.training.processes import multihost


class RunStop:
    """Whether to stop; where there are several processes all ask together and get one answer.

    request: what signals asked of this process. Among others it never ends at once, as they would
      wait for it: all of them save and end together.
    """

    def __init__(self, request: StopRequest) -> None:
        """After the processes have joined, before any of them uses `self`."""
        self.request = request
        self._vote = multihost.StopVote()
        if not multihost.is_single_process():
            request.defer()

    def soon(self) -> bool:
        """Whether to stop, asked once a step; among several the answer comes a step later."""
        return self._vote.previous_outcome(self.request.requested)

    def check(self) -> None:
        """Raises Interrupted in all processes once one was asked to stop; waits for all."""
        if self._vote.outcome(self.request.requested):
            raise Interrupted(self.request.outlook)

    def defer(self) -> None:
        """From here on a signal waits until what is not saved yet is saved."""
        self.request.defer()

    def on_disk(self, step: int) -> None:
        """Takes note of the newest step that is saved, 0 for none."""
        saved = f"saved step {step}; the same command continues"
        self.request.outlook = saved if step else NOTHING_SAVED

    def finish(self, step: int) -> None:
        """All is saved up to `step`: what comes then need not be waited for.

        Raises:
          Interrupted: in all processes, once one was asked to stop.
        """
        self.on_disk(step)
        if multihost.is_single_process():
            self.request.release()
        self.check()
