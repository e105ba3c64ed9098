"""Random numbers that are the same everywhere: everything comes from Random.random(), whose
sequence for a seed Python guarantees, by formulas that stand here."""

import math
import random


class Draw:
    def __init__(self, *name):
        self.random = random.Random("/".join(str(part) for part in name)).random

    def between(self, low, high):
        return low + (high - low) * self.random()

    def whole(self, low, high):
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, p):
        return self.random() < p

    def choice(self, items):
        return items[int(self.random() * len(items))]

    def weighted(self, items, weights):
        left = self.random() * sum(weights)
        for item, weight in zip(items, weights):
            left -= weight
            if left < 0:
                return item
        return items[-1]

    def normal(self):
        return math.sqrt(-2 * math.log(1 - self.random())) * math.cos(2 * math.pi * self.random())

    def lognormal(self, median, sigma):
        return median * math.exp(sigma * self.normal())

    def exponential(self, mean):
        return -mean * math.log(1 - self.random())

    def weibull(self, scale, shape):
        return scale * (-math.log(1 - self.random())) ** (1 / shape)

    def pareto(self, low, alpha):
        return low * (1 - self.random()) ** (-1 / alpha)

    def gamma(self, shape):
        """Marsaglia and Tsang 2000; mean = shape."""
        if shape < 1:
            return self.gamma(shape + 1) * (1 - self.random()) ** (1 / shape)
        d = shape - 1 / 3
        c = 1 / math.sqrt(9 * d)
        while True:
            x = self.normal()
            v = (1 + c * x) ** 3
            if v > 0 and math.log(1 - self.random()) < x * x / 2 + d - d * v + d * math.log(v):
                return d * v

    def poisson(self, mean):
        if mean <= 0:
            return 0
        if mean > 30:
            return max(0, round(mean + math.sqrt(mean) * self.normal()))
        left, p, n = self.random(), math.exp(-mean), 0
        while left > p and n < 200:
            left -= p
            n += 1
            p *= mean / n
        return n
