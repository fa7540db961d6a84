"""The model's process: answers by rule, takes orders on stdin, and counts what it is asked."""

import json
import sys

from curation.asking.rule_server import RuleServer


def main() -> None:
    """A line of JSON in changes its rules; a line of JSON out says where it is and what it was asked."""
    server = RuleServer().start()
    for line in sys.stdin:
        wanted = json.loads(line)
        if "is_up" in wanted:
            server.start() if wanted.pop("is_up") else server.stop()
        if wanted.get("n_faults") is not None:
            wanted["n_faults"] += server.n_calls
        if wanted.pop("forget", False):
            server.asked.clear()
        for name, value in wanted.items():
            setattr(server.rules, name, value)
        print(json.dumps({"address": server.address, "asked": server.asked}), flush=True)


if __name__ == "__main__":
    main()
