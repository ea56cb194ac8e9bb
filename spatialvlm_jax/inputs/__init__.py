"""What a model takes in: tokens of text, pictures of its size, what it is told of cameras."""
