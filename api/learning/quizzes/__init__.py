"""Quizzes: questions, attempts, answers, marking."""
