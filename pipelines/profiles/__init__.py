"""From messages and graph to the Profiles Sync tables: event tables, raw tables, traits, current state."""
