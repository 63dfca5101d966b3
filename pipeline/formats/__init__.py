"""Bytes to nouns: one module per format family; every error says which file, which line or row, and what to do.

`reading.read_transcript` is the way in for transcripts. The parts below it, from the outside in: `intake` (sizes,
encodings, archives and XML that cannot hurt), one reader per family (`word`, `plain`, `plenary`, `subtitles`,
`recogniser`, `tables`, `vlos`, `tei`), and what they share: `clock` (time stamps), `marks` (events in brackets),
`speakers` (labels, names and functions) and `turns` (from pieces to a `Transcript`).
"""
