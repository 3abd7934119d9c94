"""From the declared document and the measured month to the problems the engines solve, and back; pure functions."""
