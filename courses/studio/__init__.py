"""The authors' studio: drafts, preview, publishing, history."""
