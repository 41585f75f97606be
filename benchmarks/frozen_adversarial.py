"""A head for ``frozen_heads.py`` that is trained against guessing the source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional

from frozen_fits import SEED, Floats, Scores, balanced, positive


@dataclass(frozen=True, slots=True)
class Adversarial:
    """A linear code that tells the class and, its gradient reversed, not the source.

    One adversary a class guesses the source: guessed over both classes, source and class would be
    nearly the same and the code would lose both. Source: Ganin et al. (2016), JMLR 17:59.

    Parameters
    ----------
    against
        Weight of the adversaries; 0 is the same small network without them.
    width, steps, decay
        Of the code; of AdamW on all films at once.
    """

    against: float = 1.0
    width: int = 32
    steps: int = 300
    decay: float = 1.0

    def __call__(self, features: Floats, rows: pd.DataFrame) -> Scores:
        """Fit."""
        torch.manual_seed(SEED)
        scaler = StandardScaler().fit(features)
        films = torch.as_tensor(scaler.transform(features), dtype=torch.float32)
        truth = torch.tensor(positive(rows))
        weights = torch.as_tensor(balanced(rows), dtype=torch.float32)
        names, index = np.unique(rows["source"].to_numpy(), return_inverse=True)
        source = torch.as_tensor(index)
        code = nn.Linear(films.shape[1], self.width)
        head = nn.Linear(self.width, 1)
        guesses = nn.ModuleList(nn.Linear(self.width, len(names)) for _ in range(2))
        parameters = [*code.parameters(), *head.parameters(), *guesses.parameters()]
        optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=self.decay)
        for _ in range(self.steps):
            seen = code(films)
            loss = functional.binary_cross_entropy_with_logits(
                head(seen)[:, 0], truth.float(), weights
            )
            reversed_ = (1 + self.against) * seen.detach() - self.against * seen
            for guess, of_class in zip(guesses, (truth, ~truth), strict=True):
                guessed = functional.cross_entropy(
                    guess(reversed_[of_class]), source[of_class], reduction="none"
                )
                loss = loss + (guessed * weights[of_class]).sum() / len(films)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            optimiser.step()

        def scores(some: Floats) -> Floats:
            with torch.no_grad():
                given = torch.as_tensor(scaler.transform(some), dtype=torch.float32)
                found: Floats = head(code(given))[:, 0].numpy()
            return found

        return scores
