"""Results become tables, figures and sentences in display units; the second unit gate.

A month's run holds a marginal value of 0.0 CNY/t and a separation quota that binds; a view turns them into the sentence
"one tonne more is worth nothing: the separation quota binds", and remembers from which table, row and column each
number came. Views read declared tables (``base/tables.py``) and a small frozen ``Context``; they know no engine.
"""
