"""The PaLI-style model: ViT encoder, linear connector, prefix-LM decoder."""
