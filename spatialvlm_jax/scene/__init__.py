"""What a scene, an object and a question-answer pair are, and the geometry between them."""
