"""The ground floor: units, tables, time, schema, provenance, errors; it knows nothing of what stands on it."""
