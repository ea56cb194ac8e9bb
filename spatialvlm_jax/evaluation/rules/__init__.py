"""Rules by which public benchmarks mark a reply, to the letter, with the faults they have.

One module a rule; each is a pure function of texts and numbers. `reading/` reads the same replies
as a person would; where the two differ, a report shows both.
"""
