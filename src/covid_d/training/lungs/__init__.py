"""The lung model: its films, network, training and report."""
