"""Memory, time and cost of a run on a named pod, without the pod."""
