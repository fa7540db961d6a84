"""Constructions about one source; importing this adds them to the table of constructions.py, with their chunks."""

from curation.extraction import lobe_constructions, type_constructions
from curation.extraction.part_constructions import whole

__all__ = ["lobe_constructions", "type_constructions", "whole"]
