"""Evaluation: answers parsed to values, the paper's metrics, reports."""
