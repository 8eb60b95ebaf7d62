"""What a grader host should be like: checks of this machine and its engine, each finding with its cure."""
