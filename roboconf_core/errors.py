"""Codes, places, problems and the exceptions that users can act on.

This module imports nothing else of the project: every room may use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem is."""

    ERROR = "error"
    """The input cannot be used as it is."""
    WARNING = "warning"
    """The input can be used, but it deserves a look."""


class Code(StrEnum):
    """Searchable names of everything that can be wrong; never renamed.

    The prefix tells the stage: ``P_`` parsing of one file, ``PM_`` the parsed
    blocks, ``CO_`` conversion to a model, ``RM_`` the runtime model, ``PROJ_``
    the layout of an application, ``REC_`` recipes and targets. Those are the
    names of the original Roboconf. Ours add ``MSG_`` (messages), ``PLUGIN_``,
    ``TARGET_``, ``AGENT_``, ``DM_`` and ``CLI_``.
    """

    _severity: Severity
    _title: str

    def __new__(cls, value: str, severity: Severity, title: str) -> Code:
        """Make a member from its name, its severity and a short title."""
        member = str.__new__(cls, value)
        member._value_ = value
        member._severity = severity
        member._title = title
        return member

    @property
    def severity(self) -> Severity:
        """Severity of every problem with this code."""
        return self._severity

    @property
    def title(self) -> str:
        """What the code means, in a few words."""
        return self._title

    # fmt: off
    # --- parsing of one file
    P_IO_ERROR = "P_IO_ERROR", Severity.ERROR, "the file cannot be read"

    # --- recipes
    REC_SCRIPT_NO_SCRIPTS_DIR = "REC_SCRIPT_NO_SCRIPTS_DIR", Severity.ERROR, "a script recipe has no directory 'scripts'"
    REC_SCRIPT_AMBIGUOUS = "REC_SCRIPT_AMBIGUOUS", Severity.WARNING, "several scripts fit one action"
    REC_SCRIPT_FIRST_LINE = "REC_SCRIPT_FIRST_LINE", Severity.WARNING, "a script does not say properly what runs it"
    REC_TEMPLATE_INVALID = "REC_TEMPLATE_INVALID", Severity.ERROR, "a template of a recipe is not valid"

    # --- plugins
    PLUGIN_FAILED_TO_LOAD = "PLUGIN_FAILED_TO_LOAD", Severity.ERROR, "a plugin failed to load"
    PLUGIN_DUPLICATE_NAME = "PLUGIN_DUPLICATE_NAME", Severity.ERROR, "two plugins offer the same name"
    PLUGIN_API_VERSION = "PLUGIN_API_VERSION", Severity.ERROR, "a plugin was written for another contract version"
    PLUGIN_UNKNOWN_HOOK = "PLUGIN_UNKNOWN_HOOK", Severity.ERROR, "a plugin implements a hook that does not exist"
    PLUGIN_FAILED = "PLUGIN_FAILED", Severity.ERROR, "a plugin failed while it was asked something"
    PLUGIN_NOT_FOUND = "PLUGIN_NOT_FOUND", Severity.ERROR, "no installed plugin offers this name"
    PLUGIN_MISSING = "PLUGIN_MISSING", Severity.WARNING, "a plugin that will be needed is not installed"

    # --- targets
    TARGET_INVALID_PROPERTIES = "TARGET_INVALID_PROPERTIES", Severity.ERROR, "properties of a target are missing or invalid"
    TARGET_FAILED = "TARGET_FAILED", Severity.ERROR, "a target could not do what was asked"
    TARGET_MISSING = "TARGET_MISSING", Severity.ERROR, "a machine has no target"

    # --- messages
    MSG_INVALID = "MSG_INVALID", Severity.ERROR, "a message cannot be understood"
    MSG_FORGED = "MSG_FORGED", Severity.ERROR, "a message speaks for somebody else"

    # --- agents
    AGENT_ACTION_FAILED = "AGENT_ACTION_FAILED", Severity.ERROR, "a lifecycle action failed"
    AGENT_TRANSPORT = "AGENT_TRANSPORT", Severity.ERROR, "the messaging transport failed"
    AGENT_SETTINGS = "AGENT_SETTINGS", Severity.ERROR, "an agent's launch settings cannot be used"
    AGENT_RUNS_ALREADY = "AGENT_RUNS_ALREADY", Severity.ERROR, "another agent uses the same directory"
    AGENT_BUNDLE = "AGENT_BUNDLE", Severity.ERROR, "a recipe's bundle cannot be used"

    # --- deployment manager
    DM_NOT_FOUND = "DM_NOT_FOUND", Severity.ERROR, "the named thing does not exist"
    DM_CONFLICT = "DM_CONFLICT", Severity.ERROR, "the request conflicts with what is there"
    DM_INVALID_REQUEST = "DM_INVALID_REQUEST", Severity.ERROR, "the request is not valid"
    DM_UNAUTHORIZED = "DM_UNAUTHORIZED", Severity.ERROR, "the request carries no valid token"
    DM_STORE = "DM_STORE", Severity.ERROR, "the deployment manager's database cannot be used"
    DM_ADDRESS_TAKEN = "DM_ADDRESS_TAKEN", Severity.ERROR, "the deployment manager's address is in use"
    DM_CLEAR_TEXT = "DM_CLEAR_TEXT", Severity.ERROR, "the API would be served in clear text off loopback"
    DM_ENDING = "DM_ENDING", Severity.ERROR, "the deployment manager is ending"
    DM_INTERNAL = "DM_INTERNAL", Severity.ERROR, "a defect of the deployment manager"
    DM_TOO_LARGE = "DM_TOO_LARGE", Severity.ERROR, "the upload is too large"
    DM_INVALID_ARCHIVE = "DM_INVALID_ARCHIVE", Severity.ERROR, "the archive cannot be used"

    # --- command line
    CLI_USAGE = "CLI_USAGE", Severity.ERROR, "the command line is not valid"
    CLI_NO_DM = "CLI_NO_DM", Severity.ERROR, "no deployment manager answers"
    CLI_NOT_SETTLED = "CLI_NOT_SETTLED", Severity.ERROR, "an application did not come to rest"
    CLI_NOT_REMOVED = "CLI_NOT_REMOVED", Severity.ERROR, "something of an application could not be undeployed"
    # fmt: on


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Where:
    """A place in a file; lines and columns count from 1, as editors do."""

    file: str
    """Path as the user would type it."""
    line: int = 0
    """0 when the problem concerns the file as a whole."""
    column: int = 0
    """0 when the problem concerns the whole line."""

    def __str__(self) -> str:
        """Return ``file:line:column`` without the parts that are unknown."""
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a user's input, complete enough to print on its own."""

    code: Code
    message: str
    """Names the thing: ``component 'tomcat' is not in the graph``."""
    where: Where | None = None
    hint: str = ""
    """What to do about it: ``did you mean 'tomcat8'?``"""

    @property
    def severity(self) -> Severity:
        """Severity of the code."""
        return self.code.severity

    def __str__(self) -> str:
        """Return ``place: error CODE: message (hint)`` on one line."""
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity} {self.code}: {self.message}{hint}"


def has_errors(problems: Iterable[Problem]) -> bool:
    """Tell whether at least one problem is an error rather than a warning."""
    return any(problem.severity is Severity.ERROR for problem in problems)


class RoboconfError(Exception):
    """Base of what a user can mend; anything else that is raised is a bug."""

    code: Code = Code.DM_INVALID_REQUEST
    """Code of the problem that is made from a plain message."""

    def __init__(
        self, message: str = "", *, hint: str = "", problems: Sequence[Problem] = (), code: Code | None = None
    ) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems) or (
            Problem(code or self.code, message or type(self).__name__, hint=hint),
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidModelError(RoboconfError):
    """An application, graph or set of instances is not valid."""


class PluginError(RoboconfError):
    """A plugin is missing, broken, or does not keep its contract."""

    code = Code.PLUGIN_NOT_FOUND


class LifecycleError(RoboconfError):
    """A lifecycle action of an instance failed."""

    code = Code.AGENT_ACTION_FAILED


class TargetError(RoboconfError):
    """A target could not create, find or terminate a machine."""

    code = Code.TARGET_FAILED


class TransportError(RoboconfError):
    """The messaging transport failed."""

    code = Code.AGENT_TRANSPORT


class MessageError(RoboconfError):
    """A message cannot be decoded, or its sender may not send it."""

    code = Code.MSG_INVALID


class NotFoundError(RoboconfError):
    """The named application, template, instance or plugin does not exist."""

    code = Code.DM_NOT_FOUND


class ConflictError(RoboconfError):
    """The request conflicts with the present state."""

    code = Code.DM_CONFLICT


class InvalidRequestError(RoboconfError):
    """The request itself is not valid."""

    code = Code.DM_INVALID_REQUEST
