"""Train, evaluate and sample small Transformers. Pure PyTorch: no Django, no network."""
