"""What is taught: languages, modules, assignments and their versioned test suites."""
