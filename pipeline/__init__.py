"""Raamwerk: how anything is done; the only library. When it is done stands in `flows`."""
