"""The nouns of the study: frozen, standard library only; no I/O, no clock, no randomness."""
