"""How static files are named in production: by their content, so that browsers may keep them for ever."""

from servestatic.storage import CompressedManifestStaticFilesStorage as Storage

_EVERY_SCRIPT, _IMPORTS = Storage._js_module_import_aggregation_patterns


class StaticStorage(Storage):  # type: ignore[misc]  # servestatic is left out of the type check
    """Also rewrites `import … from "./x.js"`, or a page could mix modules of two releases.

    Only in our own scripts: Django's switch for it (support_js_module_import_aggregation) takes every script, and
    stops at the bare names in those that come with django-htmx.
    """

    patterns = (*Storage.patterns, ("js/*.js", _IMPORTS))
