"""A class presses Run together: which layout of processes and threads takes the most steps a second?

`./run bench classroom [--steps N]`. N equal jobs of the default recipe, 1 to 16: one after the other with every core's
thread; as many processes as cores with one thread each; all at once; and stacked, all models trained as one in a single
process (`torch.func.vmap` over their weights, AdamW in every layout so that they are comparable).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.testing")
os.environ["OMP_WAIT_POLICY"] = "passive"

import torch
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy

from benchmarks.common import report
from labs.children import Nursery
from trainer.loop import corpus_data
from trainer.models.registry import build
from trainer.optim import AdamW
from trainer.spec import RunSpec
from trainer.tasks.prepare import prepare

JOBS = (1, 2, 4, 8, 16)
CORES = os.cpu_count() or 1
RATE = 0.01


def recipe(steps: int, seed: int, threads: int) -> RunSpec:
    """The default lab model, trained by AdamW for so many steps."""
    tokens = steps * RunSpec().tokens_per_step
    return RunSpec(tokens=tokens, optimizer="adamw", learning_rate=RATE, seed=seed, threads=threads)


def in_processes(jobs: int, at_once: int, threads: int, steps: int) -> float:
    """Seconds that forked processes take, `at_once` of them together, from prepared nurseries."""
    nurseries = [Nursery() for _ in range(min(jobs, at_once))]
    for nursery in nurseries:
        nursery.warm()
    with tempfile.TemporaryDirectory() as folder:

        def queue(worker: int) -> None:
            for job in range(worker, jobs, len(nurseries)):
                spec = recipe(steps, job, threads).to_dict()
                child = nurseries[worker].start(
                    {"kind": "train", "spec": spec, "run_dir": str(Path(folder) / f"{job}"), "max_seconds": 600}
                )
                while not child.closed:
                    child.read(5.0)
                child.wait()

        began = time.perf_counter()
        with ThreadPoolExecutor(len(nurseries)) as pool:
            list(pool.map(queue, range(len(nurseries))))
        seconds = time.perf_counter() - began
    for nursery in nurseries:
        nursery.stop()
    return seconds


def stacked(jobs: int, threads: int, steps: int) -> float:
    """Seconds that all models take as one, in this process. Evaluation and samples are left out: it only flatters."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    began = time.perf_counter()
    specs = [recipe(steps, seed, threads) for seed in range(jobs)]
    task = prepare(specs[0], corpus_data(specs[0]))
    models = [build(task.config, torch.Generator().manual_seed(spec.seed)) for spec in specs]
    generators = [torch.Generator().manual_seed(spec.seed) for spec in specs]
    weights, buffers = stack_module_state(list(models))
    for name in weights:
        weights[name] = torch.nn.Parameter(weights[name].detach().contiguous())
    optimizer = AdamW(list(weights.values()), betas=(0.9, 0.95), weight_decay=0.0)

    def loss(weights: dict[str, torch.Tensor], ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = functional_call(models[0], (weights, {name: each[0] for name, each in buffers.items()}), (ids,))
        return cross_entropy(logits.flatten(0, 1), targets.flatten())

    together: Callable[..., torch.Tensor] = vmap(loss)
    for step in range(steps):
        batches = [task.draw(step, generator) for generator in generators]
        ids = torch.stack([batch.inputs[0] for batch in batches])  # (jobs, B, T)
        targets = torch.stack([batch.targets for batch in batches])  # (jobs, B, T)
        with sdpa_kernel(SDPBackend.MATH):  # the fused kernel would run model by model
            torch.autograd.backward(together(weights, ids, targets).sum())
        optimizer.step(RATE * (1 - step / steps))
        for weight in weights.values():
            weight.grad = None
    return time.perf_counter() - began


def main() -> None:
    """Measure every layout for every number of jobs, and report."""
    parser = argparse.ArgumentParser(prog="classroom", description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    steps = parser.parse_args().steps
    layouts: dict[str, Callable[[int], float]] = {
        f"1 process, {CORES} threads": lambda jobs: in_processes(jobs, 1, CORES, steps),
        f"{CORES} processes, 1 thread": lambda jobs: in_processes(jobs, CORES, 1, steps),
        "all at once, 1 thread": lambda jobs: in_processes(jobs, jobs, 1, steps),
        "stacked, 1 thread": lambda jobs: stacked(jobs, 1, steps),
        f"stacked, {CORES} threads": lambda jobs: stacked(jobs, CORES, steps),
    }
    table: dict[str, dict[str, float]] = {}
    for name, layout in layouts.items():
        table[name] = {str(jobs): jobs * steps / layout(jobs) for jobs in JOBS}
        print(f"{name:<24}" + "".join(f"{jobs:>4}: {speed:6.0f}" for jobs, speed in table[name].items()), flush=True)
    best = {str(jobs): max(table, key=lambda name: table[name][str(jobs)]) for jobs in JOBS}
    report("classroom", table=table, best=best, steps_per_s=max(table[best["16"]].values()))


if __name__ == "__main__":
    main()
