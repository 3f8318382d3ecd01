"""Home, chapters and their sections as learners read them."""
