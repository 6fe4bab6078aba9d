"""Candidates: for every image the few others that it may be a copy of, whatever the transform.

Two descriptors, because each is blind where the other sees. Counts of local features (VLAD, Jegou 2010) survive
turning, shifting, zooming and cropping, but not noise. Thumbnails survive noise, blur and tone; they are compared in
all 8 quarter turns and flips. Neighbours are exact, by OpenCV's `batchDistance`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.sketch import THUMB, Floats, Sketch

Rows = NDArray[np.int64]
WORDS = 64
DIMENSIONS = 256
_SAMPLED = 20_000  # descriptors that the words are learnt from
_WHITENED = 1000  # images that the projection is learnt from
_BLOCK = 1024


def candidates(queries: Sequence[Sketch], pool: Sequence[Sketch], by_features: int, by_thumb: int) -> list[list[int]]:
    """Likely sources of each query, best first.

    Parameters
    ----------
    queries, pool : sketches; with the same objects in both, an image is not its own candidate.
    by_features, by_thumb : how many neighbours to take by each descriptor.

    Returns
    -------
    For each query, distinct rows of the pool.
    """
    same = queries is pool
    book = _Codebook(pool)
    plain, mirrored = book.vectors(queries, mirrored=False), book.vectors(queries, mirrored=True)
    known = plain if same else book.vectors(pool, mirrored=False)
    features = _nearest([plain, mirrored], known, by_features + same)
    thumbs = np.stack([s.thumb for s in queries])
    turned = [_normal(np.rot90(side, k, (1, 2))) for side in (thumbs, thumbs[:, :, ::-1]) for k in range(4)]
    small = _nearest(turned, _normal(np.stack([s.thumb for s in pool])), by_thumb + same)
    found = []
    for row, (first, second) in enumerate(zip(small.tolist(), features.tolist(), strict=True)):
        mixed = dict.fromkeys([first[0], *second, *first])
        found.append([k for k in mixed if not (same and k == row)])
    return found


def _nearest(queries: Sequence[Floats], pool: Floats, count: int) -> Rows:
    """(n, count) rows of the pool: nearest to any of the given forms of each query."""
    count = min(count, len(pool))
    distances, rows = [], []
    for form in queries:
        blocks = [
            cv2.batchDistance(form[i : i + _BLOCK], pool, cv2.CV_32F, normType=cv2.NORM_L2SQR, K=count)
            for i in range(0, len(form), _BLOCK)
        ]
        distances.append(np.concatenate([block[0] for block in blocks]))
        rows.append(np.concatenate([block[1] for block in blocks]))
    far, near = np.concatenate(distances, axis=1), np.concatenate(rows, axis=1).astype(np.int64)
    order = np.argsort(far, axis=1, kind="stable")
    near = np.take_along_axis(near, order, axis=1)
    return np.array([list(dict.fromkeys(row))[:count] for row in near.tolist()], np.int64)


def _normal(thumbs: Floats) -> Floats:
    flat = thumbs.reshape(len(thumbs), THUMB * THUMB)
    flat = flat - flat.mean(axis=1, keepdims=True)
    flat = np.sign(flat) * np.abs(flat) ** 0.7  # a few bright pixels would decide otherwise
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6), np.float32)


class _Codebook:
    """Visual words and a whitened projection, learnt from the pool without any chance."""

    def __init__(self, pool: Sequence[Sketch]) -> None:
        self._words = _learn_words(pool)
        rows = np.unique(np.linspace(0, len(pool) - 1, _WHITENED).round().astype(int))
        counts = np.stack([self._vlad(pool[i].descriptors) for i in rows])
        self._mean = counts.mean(axis=0)
        self._projection = _whitening(counts - self._mean)

    def vectors(self, sketches: Sequence[Sketch], mirrored: bool) -> Floats:
        """(n, dimensions), unit length."""
        blocks = []
        for i in range(0, len(sketches), _BLOCK):
            part = sketches[i : i + _BLOCK]
            counts = np.stack([self._vlad(s.mirrored()[1] if mirrored else s.descriptors) for s in part])
            block = (counts - self._mean) @ self._projection
            blocks.append(block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-6))
        return np.concatenate(blocks).astype(np.float32)

    def _vlad(self, descriptors: Floats) -> Floats:
        words = self._words
        nearest = (descriptors @ words.T - 0.5 * (words * words).sum(axis=1)).argmax(axis=1)
        total = np.zeros((len(words), 128), np.float32)
        np.add.at(total, nearest, descriptors - words[nearest])
        total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-6)
        return (total / max(float(np.linalg.norm(total)), 1e-6)).ravel()


def _learn_words(pool: Sequence[Sketch]) -> Floats:
    every = np.concatenate([s.codes for s in pool])
    if len(every) < WORDS:
        every = np.concatenate([every, np.eye(128, dtype=np.uint8)[:WORDS] * 255])
    sample = every[np.linspace(0, len(every) - 1, min(_SAMPLED, len(every))).round().astype(int)]
    sample = sample.astype(np.float32) / 255
    words: Floats = sample[np.linspace(0, len(sample) - 1, WORDS).round().astype(int)]
    for _ in range(5):  # Lloyd's iteration
        nearest = (sample @ words.T - 0.5 * (words * words).sum(axis=1)).argmax(axis=1)
        sums = np.zeros_like(words)
        np.add.at(sums, nearest, sample)
        counts = np.bincount(nearest, minlength=WORDS)[:, None]
        words = np.where(counts > 0, sums / np.maximum(counts, 1), words).astype(np.float32)
    return words


def _whitening(centred: Floats) -> Floats:
    """(d, k): the first principal directions, each divided by the root of its spread."""
    gram = (centred @ centred.T).astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    keep = np.flatnonzero(values > values[-1] * 1e-4)[::-1][:DIMENSIONS]
    directions = centred.T @ (vectors[:, keep] / np.sqrt(values[keep])).astype(np.float32)
    return np.asarray(directions / values[keep] ** 0.25, np.float32)
