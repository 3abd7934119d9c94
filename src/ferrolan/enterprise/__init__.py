"""The declared enterprise: a YAML document and its tag map, read once into one frozen, checked ``Enterprise``.

``load(path, kinds)`` either returns the whole document or raises one ``DocumentError`` with every fault that is in it,
each with file, line, what was found, what was expected and the way out. The room knows no engine, no source and no
solver: the kinds of unit it may name are handed in.
"""
