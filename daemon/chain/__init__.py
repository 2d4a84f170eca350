"""The option chain: what an expiry and a strike mean, on one day and at one moment.

The rules P1 to P9 that the modules name are stated in decision 0045.
"""
