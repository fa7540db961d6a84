"""The state of a corpus as metrics of Prometheus, in a file for node_exporter's textfile collector.

Whoever scrapes the machine reads the file, which appears whole, under its name, or not at all. `listening` serves the
same text to a Prometheus of this machine.
"""

import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile

from curation.operation.state import State
from schemas.errors import RecipeError, StoreError

PREFIX = "radio_corpus_"


def write_metrics(found: State, file: Path) -> None:
    """Write the metrics. Raises RecipeError for a name that no collector reads, StoreError where nobody can write."""
    if file.suffix != ".prom":
        raise RecipeError(f"--textfile {file}: expected a name that ends with .prom: node_exporter reads no other")
    try:
        write_to_textfile(str(file), _registry(found))
    except OSError as error:
        raise StoreError(f"--textfile {file}: cannot be written: {error.strerror}") from error


def metrics_text(found: State) -> bytes:
    """The same metrics as they are scraped."""
    return generate_latest(_registry(found))


def _registry(found: State) -> CollectorRegistry:
    into = CollectorRegistry()

    def gauge(name: str, told: str, *labels: str) -> Gauge:
        return Gauge(PREFIX + name, told, ("corpus", *labels), registry=into)

    corpus = found.corpus
    states = gauge("tables", "Tables of the corpus, by whether they are there", "state")
    for name, n in (("done", len(found.done)), ("building", len(found.building)), ("todo", len(found.missing))):
        states.labels(corpus, name).set(n)
    rows = gauge("rows", "Rows of a finished table: in = kept + rejected", "table", "outcome")
    refused = gauge("rejected_rows", "Rejected rows of a finished table, by reason", "table", "reason")
    for address, one in found.done.items():
        table = address.rpartition("/")[0]
        for name, n in (("in", one.n_in), ("kept", one.n_kept), ("rejected", one.n_rejected)):
            rows.labels(corpus, table, name).set(n)
        for reason, n in one.reasons.items():
            refused.labels(corpus, table, reason).set(n)
    spent = gauge("table_task_seconds", "Seconds of one worker that the newest build of a table took", "table")
    for table, took in found.history.tables.items():
        spent.labels(corpus, table).set(took.task_s)
    if found.release:
        tagged = gauge("release_timestamp_seconds", "When the newest release was given its tag")
        tagged.labels(corpus).set(found.release.tagged_s)
        current = gauge("release_is_current", "1: the newest release is what a build would give now")
        current.labels(corpus).set(found.release.is_current)
    if last := found.last:
        ended = gauge("last_build_timestamp_seconds", "When the newest build that ended well did")
        ended.labels(corpus).set(last.timestamp_s)
        gauge("last_build_seconds", "How long that build ran").labels(corpus).set(last.wall_s)
        gauge("last_build_tables", "Tables that it made").labels(corpus).set(last.n_made)
    if found.damaged is not None:
        gauge("damaged_files", "Files that are not what was written").labels(corpus).set(len(found.damaged))
    gauge("status_timestamp_seconds", "When these figures were taken").labels(corpus).set(time.time())
    return into
