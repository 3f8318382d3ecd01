"""Quizzes: attempts kept on the server, graded by pure functions."""
