"""Trains of mixer-settlers: what they hold once settled, what flows they need at least, and how many stages.

A train of 45 stages parts a feed of two rare earths, separation factor 2, into 99.9 and 99.99 %; `rate` finds the
profile of any train, `design` the flows and stages of one that does not exist yet.
"""
