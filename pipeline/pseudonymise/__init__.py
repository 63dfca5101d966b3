"""Replaces names and other identifying words by typed, numbered placeholders; the one door for real names."""
