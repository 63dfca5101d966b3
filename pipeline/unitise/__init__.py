"""Decides where the units that are coded begin and end (`domain.md` 6.1), and which are minimal.

The boundaries are drawn on the raw words at ingest, so that a longer list of names never moves a unit.
"""
