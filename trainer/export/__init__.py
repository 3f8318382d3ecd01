"""What a finished run can leave as: one script or notebook (`script`, `notebook`; checked by `verify`), a folder for
`transformers` (`hub`), or its weights as they are (`weights`). Called by the portal and by `python -m trainer export`.
"""
