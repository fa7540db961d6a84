"""How the model is trained, from the hand-over alone. May import `schemas` and nothing else of ours."""
