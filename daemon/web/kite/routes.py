"""The flat table of the paper API's addresses, one line each."""

from __future__ import annotations

from daemon.web.kite.api import KiteApi
from daemon.web.kite.app import KiteRoute
from daemon.web.kite.gtts import GttOrders
from daemon.web.kite.margins import Margins
from daemon.web.kite.orders import Orders
from daemon.web.kite.portfolio import Portfolio
from daemon.web.kite.refused import refused_routes
from daemon.web.kite.user import User


def table_of(api: KiteApi) -> list[KiteRoute]:
    """Return every address."""
    login, user, orders, gtts = api.login, User(api), Orders(api), GttOrders(api)
    margins = Margins(api)
    portfolio = Portfolio(api, margins)
    return [
        KiteRoute("/session/token", "POST", login.exchange, is_open=True),
        KiteRoute("/session/token", "DELETE", login.invalidate),
        KiteRoute("/user/profile", "GET", user.profile),
        KiteRoute("/user/profile/full", "GET", user.full_profile),
        KiteRoute("/user/margins", "GET", portfolio.funds),
        KiteRoute("/user/margins/{segment}", "GET", portfolio.funds_of),
        KiteRoute("/orders", "GET", orders.all),
        KiteRoute("/orders/{order_id}", "GET", orders.history),
        KiteRoute("/orders/{order_id}/trades", "GET", orders.trades_of),
        KiteRoute("/orders/{variety}", "POST", orders.place, "orders"),
        KiteRoute("/orders/{variety}/{order_id}", "PUT", orders.modify, "orders"),
        KiteRoute("/orders/{variety}/{order_id}", "DELETE", orders.cancel, "orders"),
        KiteRoute("/trades", "GET", orders.trades),
        KiteRoute("/portfolio/positions", "GET", portfolio.positions),
        KiteRoute("/portfolio/positions", "PUT", portfolio.convert),
        KiteRoute("/portfolio/holdings", "GET", portfolio.holdings),
        KiteRoute("/gtt/triggers", "GET", gtts.all),
        KiteRoute("/gtt/triggers", "POST", gtts.place),
        KiteRoute("/gtt/triggers/{trigger_id}", "GET", gtts.one),
        KiteRoute("/gtt/triggers/{trigger_id}", "PUT", gtts.modify),
        KiteRoute("/gtt/triggers/{trigger_id}", "DELETE", gtts.delete),
        KiteRoute("/margins/orders", "POST", margins.of_orders),
        KiteRoute("/margins/basket", "POST", margins.of_basket),
        KiteRoute("/charges/orders", "POST", margins.contract_note),
        *refused_routes(),
    ]
