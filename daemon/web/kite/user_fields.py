"""The user of the paper API: the account's name in the places where Kite has a person's."""

from __future__ import annotations

from typing import Final

from daemon.web.kite.keys import Keys

BROKER: Final = "PAPER"
EXCHANGES: Final = ("NSE", "NFO", "BSE", "BFO")
PRODUCTS: Final = ("CNC", "NRML", "MIS")
ORDER_TYPES: Final = ("MARKET", "LIMIT", "SL", "SL-M")
_NEVER: Final = "1970-01-01 00:00:00"
_NO_TOKEN: Final = ""
"""Kite's field of a service that paper has not."""


def profile_fields(account: str) -> dict[str, object]:
    """Return what Kite's profile shows."""
    return {
        "user_id": account,
        "user_type": "individual",
        "email": "",
        "user_name": f"paper account {account}",
        "user_shortname": account,
        "broker": BROKER,
        "exchanges": EXCHANGES,
        "products": PRODUCTS,
        "order_types": ORDER_TYPES,
        "avatar_url": None,
        "meta": {"demat_consent": "physical"},
    }


def full_profile_fields(account: str) -> dict[str, object]:
    """Return what Kite's full profile shows; what a paper account lacks is empty."""
    return {
        **profile_fields(account),
        "twofa_type": "totp",
        "phone": "",
        "bank_accounts": [],
        "dp_ids": [],
        "pan": "",
        "tags": [],
        "password_timestamp": _NEVER,
        "twofa_timestamp": _NEVER,
        "meta": {"poa": "physical", "silo": "", "account_blocks": []},
    }


def session_fields(account: str, keys: Keys, login_time: str) -> dict[str, object]:
    """Return what a login answers; `login_time` has 19 characters."""
    return {
        **profile_fields(account),
        "api_key": keys.api_key,
        "access_token": keys.access_token,
        "public_token": _NO_TOKEN,
        "enctoken": _NO_TOKEN,
        "refresh_token": _NO_TOKEN,
        "silo": "",
        "login_time": login_time,
    }
