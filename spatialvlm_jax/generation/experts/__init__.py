"""Experts: what is read out of a plain photo before geometry begins."""
