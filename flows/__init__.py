"""When, and for which session: order, retries, schedules; nothing else."""
