"""What the documents can't say of a request that is valid."""

import itertools

import schemathesis

KEY = "Idempotency-Key"
numbers = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """A key stands for one body for ever: every request has its own. Of what has the form of a URL not all is one, and nobody
    is to be called that does not want it."""
    key = (case.headers or {}).get(KEY, "")
    if key and len(key) <= 255 and all("!" <= character <= "~" for character in key):
        case.headers[KEY] = f"{key[:200]}{next(numbers)}"
    if isinstance(case.body, dict):
        orders = case.body.get("orders")
        for order in [case.body, *(orders if isinstance(orders, list) else [])]:
            url = order.get("callback_url") if isinstance(order, dict) else None
            if isinstance(url, str) and url.startswith(("http://", "https://")) and len(url) <= 2048:
                order["callback_url"] = "http://127.0.0.1:9/"
