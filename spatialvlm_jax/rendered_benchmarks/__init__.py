"""Rendered twins of public benchmarks: their files and kinds of questions, with exact answers."""
