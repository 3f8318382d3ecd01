"""Looking inside one's own run: attention, words, layers, parts. Questions wait as rows, a worker's child answers them."""
