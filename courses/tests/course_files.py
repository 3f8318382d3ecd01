"""A small course as files: two chapters of two sections with every kind of block, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from courses.loading.folder import read_course
from courses.loading.services import Loaded, load_course
from courses.models import Chapter

COURSE = """
id: small
title: {en: Small course, zh-hans: 小课程}
summary: {en: Two short chapters., zh-hans: 两个短章。}
chapters: [one, two]
"""
CHAPTER = """
id: %(slug)s
number: %(number)d
minutes: 20
title: {en: Chapter %(slug)s, zh-hans: 章节 %(slug)s}
summary: {en: A summary., zh-hans: 摘要。}
labs: [training]
rule: {sections: all, guesses: 1, checks: 1, widgets: [softmax], quiz: 80, labs: [%(labs)s]}
"""
EN = """---
title: Chapter %(slug)s
---

## First part {#first}

The first sentence has $x^2$. The second one ends here. The third is not quoted.

```guess
id: opening
prompt: 'How many percent?'
unit: '%%'
answer: 66.5
close: 5
reveal: 'It is SECRET-REVEAL.'
```

### A heading {#heading}

A second paragraph.

```check
id: scale
prompt: 'Which one?'
options:
  - {text: 'Six', why: 'SECRET-WHY-six'}
  - {text: 'One and a half', right: true, why: 'SECRET-WHY-right'}
  - {text: 'Three', why: 'SECRET-WHY-three'}
```

## Second part {#second}

Text of the second part.

```widget
name: softmax
title: 'Shares of scores'
goal: 'Make one hold 90 %%.'
done: 'Well done.'
data: {sets: [], labels: {}}
```

```figure
src: plan.svg
alt: 'A plan'
caption: 'The plan.'
```

```lab
slug: training
```

::: key What to remember
Something **bold**.
:::
"""
ZH = """---
title: 章节 %(slug)s
---

## 第一部分 {#first}

第一句有 $x^2$。第二句到此为止。第三句不引用。

```guess
id: opening
prompt: '百分之几？'
unit: '%%'
answer: 66.5
close: 5
reveal: '答案是 SECRET-REVEAL。'
```

### 小标题 {#heading}

第二段。

```check
id: scale
prompt: '哪一个？'
options:
  - {text: '六', why: 'SECRET-WHY-six'}
  - {text: '一点五', right: true, why: 'SECRET-WHY-right'}
  - {text: '三', why: 'SECRET-WHY-three'}
```

## 第二部分 {#second}

第二部分的文字。

```widget
name: softmax
title: '分数的份额'
goal: '让一个占到 90 %%。'
done: '完成。'
data: {sets: [], labels: {}}
```

```figure
src: plan.svg
alt: '一张图'
caption: '图。'
```

```lab
slug: training
```

::: key 要记住的
**重点**在此。
:::
"""
QUIZ = """
pass_percent: 80
time_limit_s: 600
max_attempts: 3
questions:
  - id: sum
    kind: number
    section: first
    answer: 2.31
    tolerance: 0.02
    unit: {en: bits, zh-hans: 比特}
    prompt: {en: 'How many?', zh-hans: '多少？'}
    why: {en: 'Because.', zh-hans: '因为。'}
"""
SVG = '<svg viewBox="0 0 9 9"><path class="s1" d="M0 0h9" stroke="currentColor"/></svg>'


def write_course(folder: Path, *, labs: str = "") -> Path:
    """Write the course below `folder`; the rules of its chapters name `labs`."""
    folder.mkdir(exist_ok=True)
    (folder / "course.yaml").write_text(COURSE)
    for number, slug in enumerate(("one", "two"), start=1):
        chapter = folder / slug
        (chapter / "figures").mkdir(parents=True, exist_ok=True)
        names: dict[str, Any] = {"slug": slug, "number": number, "labs": labs}
        (chapter / "chapter.yaml").write_text(CHAPTER % names)
        (chapter / "en.md").write_text(EN % names)
        (chapter / "zh-hans.md").write_text(ZH % names)
        (chapter / "quiz.yaml").write_text(QUIZ)
        (chapter / "figures" / "plan.svg").write_text(SVG)
    return folder


def load(folder: Path, *, change: str = "minor") -> list[Loaded]:
    """What load_course does with the files of `folder`."""
    return load_course(files=read_course(folder), change=change)


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that is there."""
    text = file.read_text()
    assert old in text, f"{old!r} is not in {file.name}"
    file.write_text(text.replace(old, new))


def chapter(slug: str = "one") -> Chapter:
    """A loaded chapter with course and current version."""
    return Chapter.objects.select_related("course", "current").get(slug=slug)
