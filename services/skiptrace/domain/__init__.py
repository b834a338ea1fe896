"""The rules of skip tracing, as pure functions: which vendor next, what an answer is worth, whom one may ask."""
