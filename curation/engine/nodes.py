"""Objects that live on nodes of a Ray cluster for as long as they are held: servers of models, on nodes with GPUs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from curation.engine.run import join_ray
from schemas.errors import CorpusError


class Far:
    """An object in a worker of its own."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self._node = actor.node.remote()  # answered once there is a node with room

    def call(self, name: str, *given: Any, timeout_s: float | None = None) -> Any:
        """Call a method of the object. Raises TimeoutError, ConnectionError where its node or worker is gone."""
        return self._got(self._actor.call.remote(name, *given), timeout_s)

    def node(self, timeout_s: float | None = None) -> str:
        """The address of the node that it is on; waits until there is one with room for it."""
        return self._got(self._node, timeout_s)

    def _got(self, promised: Any, timeout_s: float | None) -> Any:
        try:
            return self._ray.get(promised, timeout=timeout_s)
        except self._ray.exceptions.GetTimeoutError:
            raise TimeoutError from None
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, CorpusError):
                raise error.cause from None
            raise
        except self._ray.exceptions.RayActorError as error:
            raise ConnectionError(str(error).splitlines()[0]) from None


class _Held:
    """The worker's side."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.it = make()

    def call(self, name: str, *given: Any) -> Any:
        return getattr(self.it, name)(*given)

    def node(self) -> str:
        import ray

        return ray.util.get_node_ip_address()


@contextmanager
def on_nodes(make: Callable[[], Any], n: int, *, gpus: float, cpus: float = 1) -> Iterator[list[Far]]:
    """`n` objects, each made by `make` in a worker with so many GPUs; ended with the block, or with this process."""
    ray, ours = join_ray(None)
    kind = ray.remote(_Held).options(num_gpus=gpus, num_cpus=cpus, max_restarts=0)
    actors = [kind.remote(make) for _ in range(n)]
    try:
        yield [Far(ray, actor) for actor in actors]
    finally:
        for actor in actors:
            ray.kill(actor)
        if ours:
            ray.shutdown()
