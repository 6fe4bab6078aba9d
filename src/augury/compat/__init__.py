"""Old faces of other libraries, on Augury's engine."""
