"""What the cases for the Python client share: the list of them, and what they find wrong."""

CASES = []

# Where the cases work that need no namespace of their own; made before the first of them.
NAMESPACE = "python"


def case(function):
    CASES.append(function)
    return function


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def refused(kind, call):
    """The error of a call that must fail."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("was not refused")
