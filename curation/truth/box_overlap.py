"""How much two outlines on the sky overlap, by their boxes along RA and Dec in a plane that touches the sky."""

import numpy as np
import pyarrow as pa

from catalogs.sky import Reals, unit_vectors


def box_iou(centres_deg: Reals, left: pa.ChunkedArray, right: pa.ChunkedArray) -> Reals:
    """Intersection over union of boxes, pair by pair; NaN where an outline is null, 0 where they do not meet.

    `centres_deg` is [n, 2], RA and Dec of where the plane touches the sky; outlines are lists ra, dec, … in deg.
    """
    a, b = (_bounds(centres_deg, one.combine_chunks()) for one in (left, right))
    shared = np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0).prod(axis=1)
    both = sum((one[:, 2:] - one[:, :2]).prod(axis=1) for one in (a, b)) - shared
    return shared / np.where(both > 0, both, np.nan)


def _bounds(centres_deg: Reals, outlines: pa.ListArray) -> Reals:
    """East and north, least and largest, of each outline as seen from its centre, float64[n, 4]; NaN where null."""
    bounds = np.full((len(outlines), 4), np.nan)
    n_vertices = np.asarray(outlines.value_lengths().fill_null(0)) // 2
    there = np.flatnonzero(n_vertices)
    if len(there):
        n_there = n_vertices[there]
        vertices = outlines.flatten().to_numpy().reshape(-1, 2)
        east, north = _plane(np.repeat(centres_deg[there], n_there, axis=0), vertices)
        first = np.concatenate([[0], np.cumsum(n_there)[:-1]])
        columns = [np.minimum.reduceat(east, first), np.minimum.reduceat(north, first)]
        columns += [np.maximum.reduceat(east, first), np.maximum.reduceat(north, first)]
        bounds[there] = np.stack(columns, axis=-1)
    return bounds


def _plane(centres_deg: Reals, positions_deg: Reals) -> tuple[Reals, Reals]:
    """Gnomonic projection, in radians east and north; NaN for what lies a quarter of the sky away."""
    ra, dec = np.radians(centres_deg).T
    zero = np.zeros_like(ra)
    out = unit_vectors(centres_deg[:, 0], centres_deg[:, 1])
    east = np.stack([-np.sin(ra), np.cos(ra), zero], axis=-1)
    north = np.stack([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1)
    there = unit_vectors(positions_deg[:, 0], positions_deg[:, 1])
    depth = (there * out).sum(axis=1)
    depth = np.where(depth > 0, depth, np.nan)
    return (there * east).sum(axis=1) / depth, (there * north).sum(axis=1) / depth
