"""The ways in which a run asks: one, several seeds of examples, or the prompt band of wordings and orders."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evaluate.asking.asking import Manner
from evaluate.asking.sample import Sample, sample_of
from evaluate.tasks.benchmark import Benchmark
from evaluate.tasks.inputs import Inputs
from evaluate.tasks.prompt import option_orders

BAND_VARIANTS = ("fixed", "structured", "short")


def band_of(manner: Manner) -> list[Manner]:
    """Three wordings by four orders of the options; a benchmark with fewer orders leaves the others out."""
    return [replace(manner, variant=variant, option_order=order) for variant in BAND_VARIANTS for order in range(4)]


def seeds_of(manner: Manner, n_seeds: int) -> list[Manner]:
    """The same with other examples, by so many seeds; without examples a seed changes nothing."""
    return [replace(manner, shot_seed=seed) for seed in range(n_seeds)] if manner.shots else [manner]


def asked_in(
    wanted: Sequence[Benchmark], manners: Sequence[Manner], inputs: Mapping[str, Inputs],
    ids: Mapping[str, Sequence[str]], *, is_sampled: bool,
) -> list[tuple[Benchmark, Manner, Inputs, Sample | None]]:  # fmt: skip
    """Each benchmark in each manner that it has, with its tables and the sample that is asked about."""
    return [
        (one, manner, inputs[one.name], sample_of(ids[one.name]) if is_sampled else None)
        for one in wanted
        for manner in manners
        if len(manners) == 1 or manner.option_order < len(option_orders(one))
    ]
