"""Sums of products of quantities: tonnes of a component in streams and stocks, with their slopes.

For example: the iron in two concentrates over four weeks is a sum of eight terms, hours x flow x content; its slope in
one flow is hours x content. The rule: nothing is known of a sum of which a term is unknown, but where nothing flowed
there is no content to be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ferrolan.numerics.kkt import Floats, Integers


@dataclass(frozen=True)
class Sums:
    """Sums of factor x quantity x quantity over the variables of an account.

    Parameters
    ----------
    count
        Number of sums.
    line, amount, content, factor : (terms,)
        Sum a term belongs to; places of a flow or stock, and of its composition (-1 where the amount itself counts);
        factor [h, 1].
    """

    count: int
    line: Integers
    amount: Integers
    content: Integers
    factor: Floats

    def values(self, x: Floats) -> Floats:
        """The sums at x, (count,); nan where a term is."""
        terms = self.factor * x[self.amount] * self._share(x)
        result: Floats = np.zeros(self.count)
        result += np.bincount(self.line, weights=terms, minlength=self.count)
        return result

    def gradient(self, x: Floats) -> sparse.csr_matrix:
        """Slopes of the sums at x, (count, variables); those of a sum that is nan are 0."""
        known = np.isfinite(self.values(x))[self.line]
        held = self.content >= 0
        of_amount = np.where(known, self.factor * self._share(x), 0.0)
        of_content = np.where(known, self.factor * x[self.amount], 0.0)[held]
        rows = np.concatenate([self.line, self.line[held]])
        columns = np.concatenate([self.amount, self.content[held]])
        entries = np.concatenate([of_amount, of_content])
        return sparse.csr_matrix((entries, (rows, columns)), shape=(self.count, len(x)))

    def parts(self) -> tuple[Sums, sparse.csr_matrix]:
        """The single amounts, each a sum of its own, and the matrix (count, amounts) that adds them up."""
        width = int(max(self.amount.max(initial=0), self.content.max(initial=0))) + 2
        single, which = np.unique(self.amount * width + self.content + 1, return_inverse=True)
        adding = sparse.csr_matrix((self.factor, (self.line, which)), shape=(self.count, len(single)))
        ones = np.ones(len(single))
        return Sums(len(single), np.arange(len(single)), single // width, single % width - 1, ones), adding

    def unknown(self, line: int, x: Floats) -> list[int]:
        """Quantities of a sum that are nan in x; ``line`` of the terms must ascend."""
        first, last = np.searchsorted(self.line, (line, line + 1))
        amount, content = self.amount[first:last], self.content[first:last]
        places = [*amount.tolist(), *content[(content >= 0) & (x[amount] != 0.0)].tolist()]
        return [place for place in dict.fromkeys(places) if np.isnan(x[place])]

    def _share(self, x: Floats) -> Floats:
        """Composition of every term; 1 where the amount itself counts, 0 where nothing flows and none is known."""
        share = np.where(self.content >= 0, x[np.maximum(self.content, 0)], 1.0)
        return np.where(np.isnan(share) & (x[self.amount] == 0.0), 0.0, share)
