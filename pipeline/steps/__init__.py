"""One module per verb: read through the store, call pure code, write through the store, return a short summary."""
