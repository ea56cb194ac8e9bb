"""Public benchmarks: their files as published, their prompts, and how replies are marked.

`item` says what a question and a benchmark are; each benchmark is one small module with a
`BENCHMARK`, and `registry` has them by name. `rows` reads files, `predictions` what models said,
`scoring` joins both.
"""
