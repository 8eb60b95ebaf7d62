"""How far a learner has come, folded from facts."""
