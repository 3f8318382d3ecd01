"""Translation: BLEU and chrF of a corpus. Loads sacrebleu. Called by whoever evaluates a translator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from trainer.measures.intervals import Floats, Interval, bootstrap
from trainer.measures.report import Report, same_length

PERCENT = (0.0, 100.0)


def bleu_tokenisation(language: str) -> str:
    """sacrebleu's name of how BLEU splits a target language: Chinese by character, the rest as WMT does."""
    return "zh" if language.lower().startswith("zh") else "13a"


def translation_report(references: Sequence[str], hypotheses: Sequence[str], target_language: str) -> Report:
    """Figures `bleu` (Papineni et al. 2002) and `chrf` (Popović 2015), 0 to 100, one reference a sentence; intervals
    over sentences.

    BLEU of other tokenisations is not comparable: Chinese characters score higher than words would. A corpus whose
    hypotheses are all shorter than four tokens has a BLEU of 0.
    Detail: tokenisation, bleu_signature, chrf_signature, precisions (percent of the 1- to 4-grams), brevity_penalty,
    lengths [hypotheses, references] in tokens.
    """
    same_length(len(references), len(hypotheses))
    bleu = BLEU(tokenize=bleu_tokenisation(target_language), force=True)
    chrf = CHRF()
    bleu_rows, chrf_rows = _rows(bleu, references, hypotheses, 10), _rows(chrf, references, hypotheses, 18)
    figures = {"bleu": _figure(bleu, bleu_rows), "chrf": _figure(chrf, chrf_rows)}
    whole = bleu._compute_score_from_stats(bleu_rows.sum(axis=0).tolist())
    detail = {
        "tokenisation": bleu_tokenisation(target_language),
        "bleu_signature": str(bleu.get_signature()),
        "chrf_signature": str(chrf.get_signature()),
        "precisions": [float(precision) for precision in whole.precisions],
        "brevity_penalty": float(whole.bp),
        "lengths": [whole.sys_len, whole.ref_len],
    }
    return Report(figures, detail)


# sacrebleu's own bootstrap (its `significance` module) uses the same two methods, but reads its seed from the
# environment and gives no bounds; hence they are called here, private as they are.


def _rows(metric: BLEU | CHRF, references: Sequence[str], hypotheses: Sequence[str], width: int) -> Floats:
    """What each sentence adds to the score: (N, width) counts."""
    found = metric._extract_corpus_statistics(hypotheses, [references])
    return np.array(found, dtype=np.float64).reshape(len(hypotheses), width)


def _figure(metric: BLEU | CHRF, rows: Floats) -> Interval:
    def scores(sums: Floats) -> Floats:
        return np.array([[metric._compute_score_from_stats(row).score] for row in sums.tolist()])

    return bootstrap(rows, scores, bounds=PERCENT)[0]
