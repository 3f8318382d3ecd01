"""What tests and benchmarks share: a whole portal (`server`), Chromium, PostgreSQL, and the steps of `./run test`."""
