"""Predict, explain, submit: guesses held against outcomes, graded attempts on hidden data, report cards."""
