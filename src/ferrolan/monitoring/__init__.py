"""Watching a plant between two laboratory results, and saying how well that works.

For example: silica in an iron concentrate is analysed every hour or so and known an hour later; ``soft_sensor``
predicts it from air flows, levels and reagents in the meantime. A prediction is worth what it adds to the last result,
so ``comparison`` scores it against persistence on data that the calibration never saw, and shows whatever comes out.
"""

from ferrolan.monitoring.comparison import Comparison, Score, Skill, compare
from ferrolan.monitoring.features import last_result, window_means
from ferrolan.monitoring.results import changed, measured, moving
from ferrolan.monitoring.soft_sensor import Prediction, SoftSensor, fit, predict

__all__ = [
    "Comparison",
    "Prediction",
    "Score",
    "Skill",
    "SoftSensor",
    "changed",
    "compare",
    "fit",
    "last_result",
    "measured",
    "moving",
    "predict",
    "window_means",
]
