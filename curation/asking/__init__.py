"""How a served model is asked: requests, replies and their cache, the client, its canary, and servers to ask."""
