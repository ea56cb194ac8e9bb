"""Composed questions, answered over several answers of a model: spatial chain of thought."""
