"""The base encoder and the tagger; the only room that knows torch, transformers and peft."""
