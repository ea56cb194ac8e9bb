"""From the text of an answer to its value, in four stages.

1. `plain`: markup, LaTeX, JSON and the world's digits and quotes become plain text.
2. `tokens`: the text becomes numbers (in every convention of grouping and decimals), words, signs;
   `numerals` reads numbers of several tokens ("two and a half", "3/4").
3. `spans`: a number and its unit, with tolerances, ranges, feet and inches, become one quantity.
4. `choice`: of several quantities, the one that the answer concludes with.

`lengths` puts them together for quantities and counts; `polarity` and `verdicts` read words,
`options` the choice among lettered options. Every stage takes time in proportion to the length of
the text, and none raises on any text.
"""
