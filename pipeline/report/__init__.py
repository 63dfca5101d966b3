"""Tables to pages: typed contexts, charts, templates, and the Dutch that readers see. No I/O but its own templates."""
