"""What tests and benchmarks of Ferrolan use, shipped for people who test what they build on it.

``plants.plant(17, 36, 7, 5, generator)`` is a random plant whose true flows are known, read by meters of stated
standard deviations: put a new engine or study of yours to it before you put it to a plant. Everything here is
synthetic, and no other room imports it; an import contract sees to that.
"""
