"""YAML whose mappings know their lines, without aliases, tags or dates. Read by the loader and the studio."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from courses.loading.errors import Report


class Lines(dict[str, Any]):
    """A mapping of a YAML file. `line` is where it starts, `lines` where each key stands, both counted from 1."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def at(self, key: str) -> int:
        """The line of `key`, or of the mapping."""
        return self.lines.get(key, self.line)


class _Loader(yaml.CSafeLoader):  # LibYAML comes with every wheel of PyYAML, and is ten times as fast
    """Mappings become Lines, dates stay text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def mapping(self, node: yaml.MappingNode) -> Iterator[Lines]:
        """Two steps, as PyYAML builds recursive data."""
        result = Lines(node.start_mark.line + 1)
        yield result
        for key_node, value_node in node.value:
            key: Hashable = self.construct_object(key_node)
            name = str(key)
            if name in result:
                raise yaml.constructor.ConstructorError(
                    None, None, _("“%(key)s” stands here twice") % {"key": name}, key_node.start_mark
                )
            result.lines[name] = key_node.start_mark.line + 1
            result[name] = self.construct_object(value_node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.mapping)


def _shift(value: Any, lines: int) -> None:
    """Move all line numbers down by `lines`."""
    if isinstance(value, Lines):
        value.line += lines
        value.lines = {key: line + lines for key, line in value.lines.items()}
        for item in value.values():
            _shift(item, lines)
    elif isinstance(value, list):
        for item in value:
            _shift(item, lines)


def parse_yaml(text: str, report: Report, *, before: int = 0) -> Lines | None:
    """The mapping in `text`, which stands after `before` lines of its file. None, and a problem, when it is none."""
    try:
        # A few lines of aliases can grow to gigabytes.
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.AliasToken):
                report.add(before + token.start_mark.line + 1, _("not valid YAML: aliases are not allowed"))
                return None
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        report.add(before + (mark.line + 1 if mark else 1), _("not valid YAML: %(why)s") % {"why": error.problem})
        return None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        report.add(before + 1, _("not valid YAML: %(why)s") % {"why": str(error).split("\n")[0]})
        return None
    if not isinstance(value, Lines):
        report.add(before + 1, _("expected fields, each as “name: value”"))
        return None
    _shift(value, before)
    return value
