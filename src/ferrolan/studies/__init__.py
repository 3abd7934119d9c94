"""Many runs: the plan and the market asked again and again, until a question has a number and an interval."""
