"""Looking inside one's own run: attention, words, layers, parts. A question is a row, a worker's child answers it."""
