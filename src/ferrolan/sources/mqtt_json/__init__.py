"""Behind ``ferrolan.sources.mqtt``: addresses and payloads (``reading``), tags and gaps (``desk``), ``connector``."""
