"""From messages to tables: what is read from JSON, which columns come of it, how rows and traits change."""
