"""How sure a figure is: intervals, comparisons and power of answers that share pictures and seeds.

Questions about one picture are not independent: a picture that is hard is hard for all of them. So
pictures are what is sampled (clusters), and the answers about one count together (Liang and Zeger,
1986; for evaluations of language models Miller, arXiv:2411.00640, section 2.2).
"""
