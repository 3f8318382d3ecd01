"""A quiz file with each kind of question that is typed or has parts. Used by the tests of their grading and pages."""

KEYS = ("BPE", "字节对编码", "WHY")
"""Pieces of the key."""
QUIZ = """\
pass_percent: 80
questions:
  - id: name
    kind: text
    section: first
    points: 2
    prompt: {en: 'Which method?', zh-hans: '哪种方法？'}
    why: {en: WHY, zh-hans: WHY}
    review: false
    accept: {en: [BPE, byte-pair encoding], zh-hans: [字节对编码]}
  - id: steps
    kind: order
    section: first
    points: 2
    prompt: {en: 'In which order?', zh-hans: '什么顺序？'}
    why: {en: WHY, zh-hans: WHY}
    items:
      - {id: split, text: {en: 'split **bytes**', zh-hans: 拆}}
      - {id: count, text: {en: count, zh-hans: 数}}
      - {id: merge, text: {en: merge, zh-hans: 合}}
  - id: pairs
    kind: match
    section: first
    points: 2
    prompt: {en: 'What does it do?', zh-hans: '做什么？'}
    why: {en: WHY, zh-hans: WHY}
    choices:
      - {id: asks, text: {en: asks, zh-hans: 问}}
      - {id: offers, text: {en: offers, zh-hans: 给}}
    pairs:
      - {id: q, text: {en: query, zh-hans: 查询}, choice: asks}
      - {id: k, text: {en: key, zh-hans: 键}, choice: offers}
  - id: code
    kind: cloze
    section: first
    points: 2
    prompt: {en: 'Fill the gaps.', zh-hans: '填空。'}
    why: {en: WHY, zh-hans: WHY}
    code: |
      x = x.masked_fill({{where}}, -inf)
      x = x.softmax(dim={{axis}}) < 1
    gaps:
      - {id: axis, accept: ['-1']}
      - id: where
        choices:
          - {id: later, right: true, text: later}
          - {id: earlier, text: earlier}
  - id: size
    kind: shape
    section: first
    points: 2
    prompt: {en: 'Which shape?', zh-hans: '什么形状？'}
    answer: 12, 64
    why: {en: WHY, zh-hans: WHY}
  - id: read
    kind: curve
    section: first
    points: 2
    prompt: {en: 'Read the loss at 2.', zh-hans: '读出 2 处的损失。'}
    answer: 3.2
    tolerance: 0.1
    curve:
      x: {en: step, zh-hans: 步}
      y: {en: loss, zh-hans: 损失}
      points: [[1, 4], [2, 3.2], [3, 2.56]]
    why: {en: WHY, zh-hans: WHY}
"""
