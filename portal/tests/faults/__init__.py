"""Kill what can be killed while runs go on: nothing may be lost, doubled or changed."""
