"""`lazy`: an attribute worked out when it is first asked for, and kept. `kept`: the same for a function."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Generic, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801
    """`functools.cached_property` without the lock that it takes before Python 3.12.

    A comparison asks thousands of these once each, and the lock takes longer than most answers do. Two
    threads that ask at once may both work it out: it must be a question with one answer.
    """

    def __init__(self, read: Callable[[Any], T]) -> None:
        self._read = read
        self._name = read.__name__
        self.__doc__ = read.__doc__

    def __get__(self, instance: object, owner: type | None = None) -> T:
        # Found in the instance's own dictionary from now on, before this is asked.
        value = instance.__dict__[self._name] = self._read(instance)
        return value


def kept(read: Callable[[S], T]) -> Callable[[S], T]:
    """A function of one object that is worked out once for it, and kept with it."""
    name = f"{read.__module__}.{read.__qualname__}"

    @wraps(read)
    def answer(of: S) -> T:
        answers = of.__dict__
        if name not in answers:
            answers[name] = read(of)
        answered: T = answers[name]
        return answered

    return answer
