"""How questions and answers are put into words."""
