"""What the clinic's rooms take from the language layer; its Spanish is in ``clinic/locale``."""

from covid_d.language import N_, NN_, Text, translations

__all__ = ["NN_", "N_", "Text", "translations"]
