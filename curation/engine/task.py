"""What a worker of Ray runs. It imports little, so that the worker is set up before a step brings its imports."""

from schemas.collector import collect_seldom


def run_task(step: bytes, k: int, where: str) -> object:
    """`attempt` part k of a step, which is one as Ray packs what it sends, at a store: an Outcome."""
    collect_seldom()
    from ray import cloudpickle

    from curation.engine.run import attempt

    return attempt(cloudpickle.loads(step), k, where)
