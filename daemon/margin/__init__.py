"""What positions and working orders block: margin by scenarios, funds, and the gate's arithmetic.

Approximate everywhere (docs/MARGIN.md): rates and scenarios of the rulebook, no parameter file of a
clearing house. Pure: prices and rates come in, whole rupees go out, the same on every machine.
"""
