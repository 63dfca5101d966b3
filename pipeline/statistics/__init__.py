"""Nouns to tables: what was counted, how sure that is, and what may be said of it. No I/O, no wording for readers."""
