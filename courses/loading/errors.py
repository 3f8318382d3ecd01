"""Problems of a chapter's text, each with file, line and reason. Collected all at once, raised together."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend. `line` counts from 1; 0 when the file as a whole is meant."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


class ContentError(Exception):
    """A chapter that cannot be compiled; nothing has been changed. `problems` names every one of them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Report:
    """Collects the problems of one file into a list shared by all files."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(self, line: int, reason: object) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.file, line, str(reason)))

    def of(self, file: str) -> Report:
        """A report on another file into the same list."""
        return Report(file, self.problems)
