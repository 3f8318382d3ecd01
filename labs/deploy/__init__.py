"""Finished models with an address: deployments, their OpenAI-compatible API, and the worker that writes for it."""
