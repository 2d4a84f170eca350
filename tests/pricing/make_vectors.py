"""Print the constants of `vectors.py` by other people's libraries: vollib 1.0.11 and mpmath 1.4.1.

They are no dependency of this project: `pip install vollib mpmath` in an environment of its own,
then `python tests/pricing/make_vectors.py > tests/pricing/vectors.py`.
"""

from __future__ import annotations

import itertools

import mpmath  # type: ignore[import-not-found]
from vollib.black import black  # type: ignore[import-not-found]
from vollib.black.greeks.analytical import (  # type: ignore[import-not-found]
    delta,
    gamma,
    theta,
    vega,
)
from vollib.black.implied_volatility import implied_volatility  # type: ignore[import-not-found]

FORWARD = 23_748.5
STRIKES = (20_000, 23_000, 23_700, 23_750, 24_500, 28_000)
DAYS = (0.125, 1, 8, 32, 400)
SIGMAS = (0.08, 0.15, 0.6)
DEVIATIONS = (-8.25, -5.5, -3.0078125, -1, -0.3, 0, 1e-9, 0.7, 2.345, 6.1, 8.25)
NUMBERS = (0.0001, 0.25, 0.70710678, 0.999999, 1.0000001, 1.41421357, 3, 23_748.5, 1e7)


def main() -> None:
    """Print the module."""
    mpmath.mp.dps = 40
    print(
        '"""Values of Black-76 by vollib, of functions by mpmath: printed by make_vectors.py."""\n'
    )
    print("# (sign, strike, days, sigma, value, delta, gamma, theta a day of 365, vega a point)")
    print(f"FORWARD = {FORWARD}\nOPTIONS = (")
    for sign, strike, days, sigma in itertools.product((1, -1), STRIKES, DAYS, SIGMAS):
        at = ("c" if sign > 0 else "p", FORWARD, strike, days / 365.25, 0, sigma)
        flag, forward, *_, years, rate, _ = at
        value = float(black(flag, forward, strike, years, rate, sigma))
        found = [float(each(*at)) for each in (delta, gamma, theta, vega)]
        print(f"    {(sign, strike, days, sigma, value, *found)},")
    print(")\n# (sign, strike, days, price, implied volatility)\nIMPLIED = (")
    for sign, strike, days, sigma in itertools.product((1, -1), STRIKES, DAYS, SIGMAS):
        flag, years = "c" if sign > 0 else "p", days / 365.25
        value = float(black(flag, FORWARD, strike, years, 0, sigma))
        price = round(value * 20) / 20
        if price - max(0, sign * (FORWARD - strike)) >= 1:
            implied = float(implied_volatility(price, FORWARD, strike, 0, years, flag))
            print(f"    {(sign, strike, days, price, implied)},")
    print(")\n# (x, distribution, density)\nNORMAL = (")
    for x in DEVIATIONS:
        print(f"    {(x, float(mpmath.ncdf(x)), float(mpmath.npdf(x)))},")
    print(")\n# (x, logarithm)\nLOGARITHMS = (")
    for x in NUMBERS:
        print(f"    {(x, float(mpmath.log(x)))},")
    print(")")


if __name__ == "__main__":
    main()
