"""From files or the studio's text to a published version: parse, check everything, compile, publish."""
