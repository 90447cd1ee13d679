"""Checks for the values of a profiles file. Each of these functions is a check, or makes one; a check returns nothing or raises
ProfileError.

check = record_of({"base_budget": whole_number(0, 100, "a number of tokens")})
check({"base_budget": "x"}, "/profiles/mine")
ProfileError: /profiles/mine/base_budget: expected a number of tokens from 0 to 100, found "x"
"""

from __future__ import annotations

from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import replace_unprintable
from memory_budget.base.globs import MOST_ALTERNATIVES, too_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[object, str], None]


class ProfileError(BudgetError):
    """One place in a profiles file that cannot be used.

    `pointer` is its JSON pointer ("" for the whole file); `expected` and `found`, in words, are what should be there and
    what is.
    """

    def __init__(self, pointer: str, expected: str, found: str) -> None:
        super().__init__(f"{pointer or 'the file'}: expected {expected}, found {found}")
        self.pointer = pointer
        self.expected = expected
        self.found = found


def describe_value(value: object) -> str:
    """A value in words, short enough for one line: `a list of 3`, `"soft"`, `20000`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"an object with {len(value)} keys" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, str):
        shown = value if len(value) <= 60 else value[:57] + "..."
        return f'"{replace_unprintable(shown, "?")}"'
    try:
        return str(value)[:60]
    except ValueError:  # int() and str() refuse numbers of thousands of digits
        return "a number of thousands of digits"


def pointer_to(parent: str, key: object) -> str:
    """The JSON pointer of a key below `parent` (RFC 6901): "/agents" and "a/b" give "/agents/a~1b"."""
    return parent + "/" + str(key).replace("~", "~0").replace("/", "~1")


def is_text(value: object, pointer: str) -> None:
    if not isinstance(value, str):
        raise ProfileError(pointer, "a text", describe_value(value))


def is_flag(value: object, pointer: str) -> None:
    if not isinstance(value, bool):
        raise ProfileError(pointer, "true or false", describe_value(value))


def is_name(value: object, pointer: str) -> None:
    if not isinstance(value, str) or not value:
        raise ProfileError(pointer, "a name", describe_value(value))


def number(least: float, most: float, what: str, *, above: bool = False) -> Check:
    """A number in [least, most], or in (least, most] with `above`."""
    bounds = f"{what} {'above' if above else 'from'} {least:g} to {most:g}"

    def check(value: object, pointer: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ProfileError(pointer, bounds, describe_value(value))
        if not least <= value <= most or (above and value == least):  # nan is outside of everything
            raise ProfileError(pointer, bounds, describe_value(value))

    return check


def whole_number(least: int, most: int, what: str) -> Check:
    """A whole number in [least, most]."""
    bounds = f"{what} from {least} to {most}"

    def check(value: object, pointer: str) -> None:
        # 20000.0 is a whole number in JSON, whose numbers have one kind.
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not is_whole or not least <= value <= most:  # type: ignore[operator]
            raise ProfileError(pointer, bounds, describe_value(value))

    return check


def one_of(*choices: str) -> Check:
    """One of these texts."""
    listed = ", ".join(choices[:-1]) + " or " + choices[-1]

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, str) or value not in choices:
            raise ProfileError(pointer, listed, describe_value(value))

    return check


def record_of(fields: Mapping[str, Check], *, needs: tuple[str, ...] = ()) -> Check:
    """An object whose known keys are checked; other keys are allowed, `needs` must be there."""

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, dict):
            raise ProfileError(pointer, "an object", describe_value(value))
        for key in needs:
            if key not in value:
                raise ProfileError(pointer, f"the key {key}", "an object without it")
        for key, item in value.items():
            field = fields.get(key)
            if field is not None:
                field(item, pointer_to(pointer, key))

    return check


def table_of(check_item: Check) -> Check:
    """An object whose keys are free names and whose values are all alike."""

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, dict):
            raise ProfileError(pointer, "an object", describe_value(value))
        for key, item in value.items():
            if not key:
                raise ProfileError(pointer, "keys that are names", "an empty key")
            check_item(item, pointer_to(pointer, key))

    return check


def list_of(check_item: Check) -> Check:
    """A list whose items are all alike."""

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, list):
            raise ProfileError(pointer, "a list", describe_value(value))
        for at, item in enumerate(value):
            check_item(item, pointer_to(pointer, at))

    return check


def glob(per_agent: bool) -> Check:
    """A glob that cannot lead out of the project or the user's `.claude` folder."""
    expected = "a glob inside the project or ~/.claude" + (
        ", with <agent> for the agent's folder" if per_agent else ", without <agent>"
    )

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, str) or any(sign < " " or sign == "\x7f" for sign in value):
            raise ProfileError(pointer, expected, describe_value(value))
        leaves = "\\" in value or ".." in value or value[:1] in ("", "/")
        if value[:1] == "~" and not value.startswith("~/.claude/"):
            leaves = True
        if leaves or value[1:2] == ":" or ("<agent>" in value.split("/")) != per_agent:
            raise ProfileError(pointer, expected, describe_value(value))
        if "{" in value and too_many(value):
            limit = f"a glob that stands for at most {MOST_ALTERNATIVES} others"
            raise ProfileError(pointer, limit, describe_value(value))

    return check


def is_cron(value: object, pointer: str) -> None:
    if not isinstance(value, str) or len(value.split()) != 5:
        raise ProfileError(pointer, "five cron fields (minute hour day month weekday)", describe_value(value))


def is_endpoint(value: object, pointer: str) -> None:
    if not isinstance(value, str) or not (value == "" or value.startswith(("http://", "https://"))):
        raise ProfileError(
            pointer, "an http:// or https:// address, or an empty text for none", describe_value(value)
        )
