"""What things are called, so that a name means one of them."""
