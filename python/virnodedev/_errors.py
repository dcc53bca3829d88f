# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Errors: the exception, the last error of a thread, the program's handler for errors."""
from typing import Any, Callable, Optional, Tuple, TypeVar

from ._library import decoded, lib
from ._prototypes import virErrorFunc

__all__ = ["libvirtError", "registerErrorHandler", "virGetLastError", "virGetLastErrorCode", "virGetLastErrorDomain",
           "virGetLastErrorMessage", "virResetLastError"]
_T = TypeVar("_T")

# Code, domain, message, level, three strings, two integers.
ErrorTuple = Tuple[int, int, Optional[str], int, Optional[str], Optional[str], Optional[str], int, int]


def error_tuple(pointer: Any) -> Optional[ErrorTuple]:
    """The members of the library's structure of an error; None for NULL."""
    if not pointer:
        return None
    error = pointer[0]
    return (error.code, error.domain, decoded(error.message), error.level, decoded(error.str1), decoded(error.str2),
            decoded(error.str3), error.int1, error.int2)


class libvirtError(Exception):
    """A call of the library failed.

    `err` is the library's error as the tuple (code, domain, message, level, str1, str2, str3, int1, int2), or None if
    there was none. A method returns each member. The codes are VIR_ERR_*, the domains VIR_FROM_*.
    """

    def __init__(self, defmsg: str) -> None:
        """Takes this thread's last error; if there is none, the text is defmsg."""
        self.err = virGetLastError()
        super().__init__(defmsg if self.err is None else self.err[2])

    def get_error_code(self) -> Optional[int]:
        """What went wrong, one of VIR_ERR_*."""
        return None if self.err is None else self.err[0]

    def get_error_domain(self) -> Optional[int]:
        """The part of the library where it happened, one of VIR_FROM_*."""
        return None if self.err is None else self.err[1]

    def get_error_message(self) -> Optional[str]:
        """The full text."""
        return None if self.err is None else self.err[2]

    def get_error_level(self) -> Optional[int]:
        """VIR_ERR_ERROR or VIR_ERR_WARNING."""
        return None if self.err is None else self.err[3]

    def get_str1(self) -> Optional[str]:
        """The format of the text; for a refused argument the function's name."""
        return None if self.err is None else self.err[4]

    def get_str2(self) -> Optional[str]:
        """The variable part of the text; for a refused argument the argument's name."""
        return None if self.err is None else self.err[5]

    def get_str3(self) -> Optional[str]:
        """Always None. libvirt can have a third string."""
        return None if self.err is None else self.err[6]

    def get_int1(self) -> Optional[int]:
        """errno for VIR_ERR_SYSTEM_ERROR, a line for some errors of XML, else -1 or 0."""
        return None if self.err is None else self.err[7]

    def get_int2(self) -> Optional[int]:
        """-1 or 0."""
        return None if self.err is None else self.err[8]


def virGetLastError() -> Optional[ErrorTuple]:
    """This thread's last error as a tuple (see libvirtError), or None."""
    return error_tuple(lib.virGetLastError())


def virGetLastErrorCode() -> int:
    """The code of this thread's last error, VIR_ERR_OK when there was none."""
    return int(lib.virGetLastErrorCode())


def virGetLastErrorDomain() -> int:
    """The domain of this thread's last error, VIR_FROM_NONE when there was none."""
    return int(lib.virGetLastErrorDomain())


def virGetLastErrorMessage() -> str:
    """The text of this thread's last error, "no error" when there was none."""
    return decoded(lib.virGetLastErrorMessage()) or ""


def virResetLastError() -> None:
    """Forgets this thread's last error."""
    lib.virResetLastError()


_handler: Optional[Tuple[Callable[[Any, ErrorTuple], object], Any]] = None


def _tell(_data: Optional[int], error: Any) -> None:
    # ctypes reports what the handler raises to sys.unraisablehook.
    handler, said = _handler, error_tuple(error)
    if handler is not None and said is not None:
        handler[0](handler[1], said)


_told = virErrorFunc(_tell)


def registerErrorHandler(f: Optional[Callable[[_T, ErrorTuple], object]], ctx: _T) -> int:
    """Has f(ctx, error) called for every error, in the thread of the call that fails, before that call raises.

    Without a handler, and again after None, each error is printed on standard error. Returns 1.
    """
    global _handler
    if f is not None and not callable(f):
        raise TypeError("an error handler has to be callable, or None")
    _handler = None if f is None else (f, ctx)
    lib.virSetErrorFunc(None, virErrorFunc() if f is None else _told)
    return 1
