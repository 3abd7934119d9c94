"""How far a sample may be trusted: the severities of a status code as the historian uses them.

A flow outside its range of 0..600 t/h is Uncertain and still counts, a sample that timed out is Bad and does not, and
one that was withdrawn carries ``RETRACTED`` and is dropped once it has won. The codes themselves stand in
``base.status``, because sources assign them too.

References
----------
OPC Foundation, OPC 10000-4, 7.39 (StatusCode); OPC 10000-13 (Aggregates), 4.2.1.2 for the treatment of Uncertain.
"""

from __future__ import annotations

from ferrolan.base.status import RETRACTED, StatusCode, bad, good, uncertain

__all__ = ["RETRACTED", "StatusCode", "bad", "good", "uncertain"]
