"""What a learner sent, its numbered grading runs, and the values that cross to the grader."""
