"""Public question-answer sets, read as they are published and stored as generated ones are."""
