"""A source over a real socket that counts what was acknowledged, and a collector that takes from it."""
