"""All that lies on disk: the database, the vault of raw text, the keys, and files written whole or not at all."""
