"""The collector: every live connection of an enterprise, for weeks, into the historian; nothing lost silently.

``ferrolan collect plant.yaml`` connects to the furnace's OPC UA server, the mill's broker and the laboratory's tables.
What arrives is on the disk before its source hears of it (``sources.spool``), is converted once, and is stored in the
order of arrival. A source that dies stops no other; a historian that is away for a night finds everything in the
spools; what needs a person stands at ``/health``.
"""
