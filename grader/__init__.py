"""From a source text to a grade; knows nothing of HTTP."""
