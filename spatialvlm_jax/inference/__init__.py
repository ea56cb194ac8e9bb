"""What a trained model is asked for: the distribution of an answer."""
