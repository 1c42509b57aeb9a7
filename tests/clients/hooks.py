"""What the documents can't say of a request that is valid."""

import itertools

import schemathesis

KEY = "Idempotency-Key"
numbers = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """A key stands for one body for ever: every request has its own."""
    key = (case.headers or {}).get(KEY, "")
    if key and len(key) <= 255 and all("!" <= character <= "~" for character in key):
        case.headers[KEY] = f"{key[:200]}{next(numbers)}"
