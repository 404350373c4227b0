"""Order statistics: how many samples a percentile claim needs, and its 95 % upper bound. Standard library only.

Of n samples the number above the true p-quantile is Binomial(n, 1 - p), whatever the distribution of latencies. So
the r-th smallest sample is an upper bound of the quantile with 95 % confidence if at most n - r samples lie above the
quantile with probability at most 5 %.
"""

import math
from fractions import Fraction

CONFIDENCE = Fraction(95, 100)


def samples_needed(p):
    """The least n for which the largest sample bounds the p-quantile: 299 for 0.99, 2,995 for 0.999."""
    p = Fraction(p).limit_denominator(10**6)
    n = int(math.log(float(1 - CONFIDENCE)) / math.log(float(p)))
    while p**n > 1 - CONFIDENCE:
        n += 1
    return n


def rank(p, n):
    """The rank (1-based) of the p-quantile of n samples: ceil(p n), exact."""
    return max(1, math.ceil(Fraction(p).limit_denominator(10**6) * n))


def bound_rank(p, n):
    """The rank of the smallest sample that is a 95 % upper bound of the p-quantile, or None if n is too small."""
    p = float(Fraction(p).limit_denominator(10**6))
    q, limit = 1.0 - p, float(1 - CONFIDENCE)
    log_p, log_q = math.log(p), math.log(q)
    total, above = 0.0, -1
    base = math.lgamma(n + 1)
    for k in range(n + 1):
        total += math.exp(base - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_q + (n - k) * log_p)
        if total > limit:
            break
        above = k
    return n - above if above >= 0 else None


def loss_bound(n):
    """The 95 % upper bound of the loss rate when 0 of n were lost: 3/n (the rule of three)."""
    return 3.0 / n if n else 1.0


def stall_quantile(p, stall, duration):
    """What an open-loop probe must show for a server that stands still for `stall` of `duration` seconds.

    Messages due in the stall wait for its end, so latencies fall evenly from `stall` to 0: P_p = S - (1 - p) D.
    """
    return stall - (1.0 - p) * duration
