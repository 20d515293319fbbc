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
    the layout of an application, ``REC_`` recipes and targets, ``CMD_`` commands,
    ``RULE_`` rules. Those are the names of the original Roboconf. Ours add
    ``PROBE_``, ``MSG_`` (messages), ``PLUGIN_``, ``TARGET_``, ``AGENT_``, ``DM_``
    and ``CLI_``.
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
    def title(self) -> str:  # type: ignore[override]  # codes are texts, but nobody puts them in title case
        """What the code means, in a few words."""
        return self._title

    # fmt: off
    # --- parsing of one file
    P_IO_ERROR = "P_IO_ERROR", Severity.ERROR, "the file cannot be read"
    P_ONE_BLOCK_PER_LINE = "P_ONE_BLOCK_PER_LINE", Severity.ERROR, "a line holds more than one instruction"
    P_PROPERTY_ENDS_WITH_SEMI_COLON = "P_PROPERTY_ENDS_WITH_SEMI_COLON", Severity.ERROR, "a property has no semicolon at its end"
    P_IMPORT_ENDS_WITH_SEMI_COLON = "P_IMPORT_ENDS_WITH_SEMI_COLON", Severity.ERROR, "a file import has no semicolon at its end"
    P_O_C_BRACKET_EXTRA_CHARACTERS = "P_O_C_BRACKET_EXTRA_CHARACTERS", Severity.ERROR, "text follows an opening bracket"
    P_C_C_BRACKET_EXTRA_CHARACTERS = "P_C_C_BRACKET_EXTRA_CHARACTERS", Severity.ERROR, "text follows a closing bracket"
    P_O_C_BRACKET_MISSING = "P_O_C_BRACKET_MISSING", Severity.ERROR, "an opening bracket is missing"
    P_C_C_BRACKET_MISSING = "P_C_C_BRACKET_MISSING", Severity.ERROR, "a closing bracket is missing at the end of the file"
    P_UNRECOGNIZED_BLOCK = "P_UNRECOGNIZED_BLOCK", Severity.ERROR, "a line is neither an import nor the head of a block"
    P_INVALID_PROPERTY = "P_INVALID_PROPERTY", Severity.ERROR, "a line of a block is no property"
    P_INVALID_PROPERTY_OR_INSTANCE = "P_INVALID_PROPERTY_OR_INSTANCE", Severity.ERROR, "a line of an instance is neither a property nor an instance"
    P_INVALID_FILE_TYPE = "P_INVALID_FILE_TYPE", Severity.ERROR, "instances and types are mixed in one file"
    P_EMPTY_FILE = "P_EMPTY_FILE", Severity.WARNING, "the file holds nothing but blanks and comments"

    # --- blocks of one file
    PM_INVALID_BLOCK_TYPE = "PM_INVALID_BLOCK_TYPE", Severity.ERROR, "a block could not be understood"
    PM_EMPTY_PROPERTY_VALUE = "PM_EMPTY_PROPERTY_VALUE", Severity.ERROR, "a property has no value"
    PM_EMPTY_IMPORT_LOCATION = "PM_EMPTY_IMPORT_LOCATION", Severity.ERROR, "a file import names no file"
    PM_EMPTY_FACET_NAME = "PM_EMPTY_FACET_NAME", Severity.ERROR, "a facet has no name"
    PM_EMPTY_REFERENCED_NAME = "PM_EMPTY_REFERENCED_NAME", Severity.ERROR, "a list of names has an empty item"
    PM_EMPTY_COMPONENT_NAME = "PM_EMPTY_COMPONENT_NAME", Severity.ERROR, "a component has no name"
    PM_EMPTY_VARIABLE_NAME = "PM_EMPTY_VARIABLE_NAME", Severity.ERROR, "a variable has no name"
    PM_INVALID_CHILD_NAME = "PM_INVALID_CHILD_NAME", Severity.ERROR, "a child is no valid name"
    PM_INVALID_NAME = "PM_INVALID_NAME", Severity.ERROR, "the name of a component or facet is not valid"
    PM_INVALID_EXPORT_COMPLEX_VALUE = "PM_INVALID_EXPORT_COMPLEX_VALUE", Severity.ERROR, "the quotes of an exported value do not fit"
    PM_INVALID_EXPORTED_VAR_NAME = "PM_INVALID_EXPORTED_VAR_NAME", Severity.ERROR, "the name of an exported variable is not valid"
    PM_EXTERNAL_IS_KEYWORD_FOR_IMPORTS = "PM_EXTERNAL_IS_KEYWORD_FOR_IMPORTS", Severity.ERROR, "'external' stands before an exported variable"
    PM_INVALID_IMPORTED_VAR_NAME = "PM_INVALID_IMPORTED_VAR_NAME", Severity.ERROR, "the name of an imported variable is not valid"
    PM_INVALID_INSTALLER_NAME = "PM_INVALID_INSTALLER_NAME", Severity.ERROR, "the name of an installer is not valid"
    PM_INVALID_INSTANCE_COUNT = "PM_INVALID_INSTANCE_COUNT", Severity.ERROR, "the count of an instance is not valid"
    PM_USELESS_INSTANCE_COUNT = "PM_USELESS_INSTANCE_COUNT", Severity.WARNING, "a count of 1 says nothing"
    PM_PROPERTY_NOT_APPLIABLE = "PM_PROPERTY_NOT_APPLIABLE", Severity.ERROR, "the block has no such property"
    PM_DUPLICATE_PROPERTY = "PM_DUPLICATE_PROPERTY", Severity.ERROR, "a property is given twice"
    PM_MISSING_INSTANCE_NAME = "PM_MISSING_INSTANCE_NAME", Severity.ERROR, "an instance has no name"
    PM_INVALID_INSTANCE_NAME = "PM_INVALID_INSTANCE_NAME", Severity.ERROR, "the name of an instance is not valid"
    PM_DOT_IS_NOT_ALLOWED = "PM_DOT_IS_NOT_ALLOWED", Severity.ERROR, "the name of a component or facet has a dot"
    PM_INCOMPLETE_IMPORTED_VAR_NAME = "PM_INCOMPLETE_IMPORTED_VAR_NAME", Severity.ERROR, "an imported variable has no prefix or no local name"

    # --- conversion of files to a model
    CO_NOT_A_GRAPH = "CO_NOT_A_GRAPH", Severity.ERROR, "a file is no graph"
    CO_NOT_INSTANCES = "CO_NOT_INSTANCES", Severity.ERROR, "a file holds no instances"
    CO_UNREACHABLE_FILE = "CO_UNREACHABLE_FILE", Severity.ERROR, "an imported file cannot be found"
    CO_ALREADY_DEFINED_FACET = "CO_ALREADY_DEFINED_FACET", Severity.ERROR, "a facet is declared more than once"
    CO_ALREADY_DEFINED_COMPONENT = "CO_ALREADY_DEFINED_COMPONENT", Severity.ERROR, "a component is declared more than once"
    CO_ALREADY_DEFINED_INSTANCE = "CO_ALREADY_DEFINED_INSTANCE", Severity.ERROR, "two instances have the same path"
    CO_CONFLICTING_INFERRED_INSTANCE = "CO_CONFLICTING_INFERRED_INSTANCE", Severity.ERROR, "an instance made by count has the path of another one"
    CO_INEXISTING_CHILD = "CO_INEXISTING_CHILD", Severity.ERROR, "a child is no known component or facet"
    CO_INEXISTING_COMPONENT = "CO_INEXISTING_COMPONENT", Severity.ERROR, "a component does not exist"
    CO_INEXISTING_FACET = "CO_INEXISTING_FACET", Severity.ERROR, "a facet does not exist"
    CO_CONFLICTING_NAME = "CO_CONFLICTING_NAME", Severity.ERROR, "a component and a facet share a name"
    CO_GRAPH_COULD_NOT_BE_BUILT = "CO_GRAPH_COULD_NOT_BE_BUILT", Severity.ERROR, "instances cannot be read without a graph"

    # --- the model
    RM_MISSING_APPLICATION_NAME = "RM_MISSING_APPLICATION_NAME", Severity.ERROR, "the descriptor gives no name"
    RM_INVALID_APPLICATION_NAME = "RM_INVALID_APPLICATION_NAME", Severity.ERROR, "the name of the application is not valid"
    RM_MISSING_APPLICATION_DSL_ID = "RM_MISSING_APPLICATION_DSL_ID", Severity.WARNING, "the descriptor gives no dsl-id"
    RM_MISSING_APPLICATION_VERSION = "RM_MISSING_APPLICATION_VERSION", Severity.ERROR, "the descriptor gives no version"
    RM_MISSING_APPLICATION_GEP = "RM_MISSING_APPLICATION_GEP", Severity.ERROR, "the descriptor names no graph"
    RM_MISSING_APPLICATION_EXPORT_PREFIX = "RM_MISSING_APPLICATION_EXPORT_PREFIX", Severity.ERROR, "external exports have no prefix"
    RM_INVALID_APPLICATION_VERSION = "RM_INVALID_APPLICATION_VERSION", Severity.ERROR, "the version of the application is not valid"
    RM_DOT_IS_NOT_ALLOWED = "RM_DOT_IS_NOT_ALLOWED", Severity.ERROR, "the name of a component or facet has a dot"
    RM_EMPTY_COMPONENT_NAME = "RM_EMPTY_COMPONENT_NAME", Severity.ERROR, "a component has no name"
    RM_EMPTY_FACET_NAME = "RM_EMPTY_FACET_NAME", Severity.ERROR, "a facet has no name"
    RM_INVALID_COMPONENT_NAME = "RM_INVALID_COMPONENT_NAME", Severity.ERROR, "the name of a component is not valid"
    RM_INVALID_FACET_NAME = "RM_INVALID_FACET_NAME", Severity.ERROR, "the name of a facet is not valid"
    RM_EMPTY_COMPONENT_INSTALLER = "RM_EMPTY_COMPONENT_INSTALLER", Severity.ERROR, "a component has no installer, own or inherited"
    RM_INVALID_COMPONENT_INSTALLER = "RM_INVALID_COMPONENT_INSTALLER", Severity.ERROR, "the name of an installer is not valid"
    RM_COMPONENT_IMPORTS_EXPORTS = "RM_COMPONENT_IMPORTS_EXPORTS", Severity.ERROR, "a component needs what it exports itself"
    RM_ROOT_INSTALLER_MUST_BE_TARGET = "RM_ROOT_INSTALLER_MUST_BE_TARGET", Severity.ERROR, "a root component is no machine"
    RM_EMPTY_VARIABLE_NAME = "RM_EMPTY_VARIABLE_NAME", Severity.ERROR, "a variable has no name"
    RM_INVALID_VARIABLE_NAME = "RM_INVALID_VARIABLE_NAME", Severity.ERROR, "the name of a variable is not valid"
    RM_INVALID_APPLICATION_EXPORT_PREFIX = "RM_INVALID_APPLICATION_EXPORT_PREFIX", Severity.ERROR, "the prefix of external exports is not valid"
    RM_MAGIC_INSTANCE_VARIABLE = "RM_MAGIC_INSTANCE_VARIABLE", Severity.WARNING, "an instance sets a variable that its component does not export"
    RM_MISSING_VARIABLE_VALUE = "RM_MISSING_VARIABLE_VALUE", Severity.ERROR, "an exported variable has no value"
    RM_AMBIGUOUS_OVERRIDING = "RM_AMBIGUOUS_OVERRIDING", Severity.WARNING, "an override concerns several variables"
    RM_INVALID_EXTERNAL_EXPORT = "RM_INVALID_EXTERNAL_EXPORT", Severity.ERROR, "an external export is exported by no component"
    RM_ALREADY_DEFINED_EXTERNAL_EXPORT = "RM_ALREADY_DEFINED_EXTERNAL_EXPORT", Severity.ERROR, "two external exports have the same alias"
    RM_INVALID_RANDOM_KIND = "RM_INVALID_RANDOM_KIND", Severity.ERROR, "a random variable has an unknown kind"
    RM_NO_VALUE_FOR_RANDOM = "RM_NO_VALUE_FOR_RANDOM", Severity.ERROR, "a random variable has a value"
    RM_CYCLE_IN_COMPONENTS = "RM_CYCLE_IN_COMPONENTS", Severity.ERROR, "a component contains itself"
    RM_CYCLE_IN_COMPONENTS_INHERITANCE = "RM_CYCLE_IN_COMPONENTS_INHERITANCE", Severity.ERROR, "a component extends itself"
    RM_CYCLE_IN_FACETS_INHERITANCE = "RM_CYCLE_IN_FACETS_INHERITANCE", Severity.ERROR, "a facet extends itself"
    RM_INHERITANCE_TOO_DEEP = "RM_INHERITANCE_TOO_DEEP", Severity.ERROR, "types extend each other over too many levels"
    RM_NO_ROOT_COMPONENT = "RM_NO_ROOT_COMPONENT", Severity.ERROR, "no component can stand at the root"
    RM_UNRESOLVABLE_VARIABLE = "RM_UNRESOLVABLE_VARIABLE", Severity.ERROR, "an imported variable is exported by no component"
    RM_UNRESOLVABLE_FACET_VARIABLE = "RM_UNRESOLVABLE_FACET_VARIABLE", Severity.ERROR, "an imported facet variable is exported by no component"
    RM_EMPTY_INSTANCE_NAME = "RM_EMPTY_INSTANCE_NAME", Severity.ERROR, "an instance has no name"
    RM_INVALID_INSTANCE_NAME = "RM_INVALID_INSTANCE_NAME", Severity.ERROR, "the name of an instance is not valid"
    RM_EMPTY_INSTANCE_COMPONENT = "RM_EMPTY_INSTANCE_COMPONENT", Severity.ERROR, "an instance has no component"
    RM_MISSING_INSTANCE_PARENT = "RM_MISSING_INSTANCE_PARENT", Severity.ERROR, "an instance must stand below another one"
    RM_INVALID_INSTANCE_PARENT = "RM_INVALID_INSTANCE_PARENT", Severity.ERROR, "an instance stands below the wrong one"
    RM_UNREACHABLE_COMPONENT = "RM_UNREACHABLE_COMPONENT", Severity.ERROR, "no machine leads to a component"
    RM_ORPHAN_FACET = "RM_ORPHAN_FACET", Severity.WARNING, "no component has a facet"
    RM_ORPHAN_FACET_WITH_CHILDREN = "RM_ORPHAN_FACET_WITH_CHILDREN", Severity.WARNING, "no component has a facet that has children"
    RM_MIXED_IMPORT_PREFIX = "RM_MIXED_IMPORT_PREFIX", Severity.WARNING, "a prefix is imported from this application and from others"
    RM_UNKNOWN_REFERENCE = "RM_UNKNOWN_REFERENCE", Severity.WARNING, "a value refers to something that the platform does not know"

    # --- layout of an application
    PROJ_NO_GRAPH_DIR = "PROJ_NO_GRAPH_DIR", Severity.ERROR, "there is no graph directory"
    PROJ_NO_DESC_DIR = "PROJ_NO_DESC_DIR", Severity.ERROR, "there is no descriptor directory"
    PROJ_NO_DESC_FILE = "PROJ_NO_DESC_FILE", Severity.ERROR, "there is no descriptor"
    PROJ_MISSING_GRAPH_EP = "PROJ_MISSING_GRAPH_EP", Severity.ERROR, "the graph that the descriptor names does not exist"
    PROJ_MISSING_INSTANCE_EP = "PROJ_MISSING_INSTANCE_EP", Severity.ERROR, "the instances file that the descriptor names does not exist"
    PROJ_READ_DESC_FILE = "PROJ_READ_DESC_FILE", Severity.ERROR, "the descriptor cannot be read"
    PROJ_INVALID_EXTERNAL_EXPORTS = "PROJ_INVALID_EXTERNAL_EXPORTS", Severity.ERROR, "an external export does not read 'variable as alias'"
    PROJ_NO_RESOURCE_DIRECTORY = "PROJ_NO_RESOURCE_DIRECTORY", Severity.WARNING, "a component has no recipe directory"
    PROJ_UNREACHABLE_FILE = "PROJ_UNREACHABLE_FILE", Severity.WARNING, "a file is imported by no other one"
    PROJ_INVALID_FILE_LOCATION = "PROJ_INVALID_FILE_LOCATION", Severity.WARNING, "a file is not where such files are looked for"
    PROJ_INVALID_COMMAND_EXT = "PROJ_INVALID_COMMAND_EXT", Severity.ERROR, "a file among the commands is no commands file"
    PROJ_INVALID_RULE_EXT = "PROJ_INVALID_RULE_EXT", Severity.ERROR, "a file among the rules is no rule"

    # --- recipes and targets
    REC_TARGET_NO_ID = "REC_TARGET_NO_ID", Severity.ERROR, "a target has no id"
    REC_TARGET_NO_HANDLER = "REC_TARGET_NO_HANDLER", Severity.ERROR, "a target has no handler"
    REC_TARGET_INVALID_FILE_OR_CONTENT = "REC_TARGET_INVALID_FILE_OR_CONTENT", Severity.ERROR, "the properties of a target cannot be read"
    REC_TARGET_CONFLICTING_ID = "REC_TARGET_CONFLICTING_ID", Severity.ERROR, "two targets have the same id"
    REC_TARGET_NO_NAME = "REC_TARGET_NO_NAME", Severity.WARNING, "a target has no name"
    REC_TARGET_NO_PROPERTIES = "REC_TARGET_NO_PROPERTIES", Severity.ERROR, "a directory of targets holds no properties file"
    REC_INVALID_SETTINGS = "REC_INVALID_SETTINGS", Severity.ERROR, "a setting of a recipe is not valid"
    REC_MISSING_README = "REC_MISSING_README", Severity.WARNING, "a reusable recipe has no readme"
    REC_AVOID_INSTANCES = "REC_AVOID_INSTANCES", Severity.WARNING, "a reusable recipe has instances"

    # --- recipes
    REC_SCRIPT_NO_SCRIPTS_DIR = "REC_SCRIPT_NO_SCRIPTS_DIR", Severity.ERROR, "a script recipe has no directory 'scripts'"
    REC_SCRIPT_AMBIGUOUS = "REC_SCRIPT_AMBIGUOUS", Severity.WARNING, "several scripts fit one action"
    REC_SCRIPT_FIRST_LINE = "REC_SCRIPT_FIRST_LINE", Severity.WARNING, "a script does not say properly what runs it"
    REC_TEMPLATE_INVALID = "REC_TEMPLATE_INVALID", Severity.ERROR, "a template of a recipe is not valid"
    REC_PUPPET_DISLIKES_WILDCARD_IMPORTS = "REC_PUPPET_DISLIKES_WILDCARD_IMPORTS", Severity.WARNING, "a Puppet component imports all variables of a prefix"
    REC_PUPPET_HAS_NO_RBCF_MODULE = "REC_PUPPET_HAS_NO_RBCF_MODULE", Severity.ERROR, "a Puppet recipe has no module 'roboconf_...'"
    REC_PUPPET_HAS_TOO_MANY_RBCF_MODULES = "REC_PUPPET_HAS_TOO_MANY_RBCF_MODULES", Severity.ERROR, "a Puppet recipe has several modules 'roboconf_...'"
    REC_PUPPET_MISSING_PARAM_IMPORT_DIFF = "REC_PUPPET_MISSING_PARAM_IMPORT_DIFF", Severity.ERROR, "a Puppet class has no parameter '$importDiff'"
    REC_PUPPET_MISSING_PARAM_RUNNING_STATE = "REC_PUPPET_MISSING_PARAM_RUNNING_STATE", Severity.ERROR, "a Puppet class has no parameter '$runningState'"
    REC_PUPPET_MISSING_PARAM_FROM_IMPORT = "REC_PUPPET_MISSING_PARAM_FROM_IMPORT", Severity.WARNING, "a Puppet class has no parameter for an import"
    REC_PUPPET_SYNTAX_ERROR = "REC_PUPPET_SYNTAX_ERROR", Severity.ERROR, "Puppet cannot read a manifest"
    REC_PUPPET_NOT_CHECKED = "REC_PUPPET_NOT_CHECKED", Severity.WARNING, "Puppet is installed, but could not be asked about manifests"

    # --- commands
    CMD_INVALID_TARGET_ID = "CMD_INVALID_TARGET_ID", Severity.ERROR, "a target to associate has no id"
    CMD_NO_MATCHING_INSTANCE = "CMD_NO_MATCHING_INSTANCE", Severity.ERROR, "an instance does not exist"
    CMD_NOT_AN_ACCEPTABLE_PARENT = "CMD_NOT_AN_ACCEPTABLE_PARENT", Severity.ERROR, "an instance cannot be created below this one"
    CMD_CANNOT_HAVE_ANY_PARENT = "CMD_CANNOT_HAVE_ANY_PARENT", Severity.ERROR, "an instance to create stands at the root"
    CMD_NOT_A_SCOPED_INSTANCE = "CMD_NOT_A_SCOPED_INSTANCE", Severity.ERROR, "only machines are associated with targets"
    CMD_NOT_A_ROOT_INSTANCE = "CMD_NOT_A_ROOT_INSTANCE", Severity.ERROR, "only root instances are replicated"
    CMD_UNRECOGNIZED_INSTRUCTION = "CMD_UNRECOGNIZED_INSTRUCTION", Severity.ERROR, "a line is no instruction"
    CMD_INVALID_INSTANCE_STATUS = "CMD_INVALID_INSTANCE_STATUS", Severity.ERROR, "a status does not exist"
    CMD_INSTABLE_INSTANCE_STATUS = "CMD_INSTABLE_INSTANCE_STATUS", Severity.ERROR, "an instance cannot be asked to stay in a status"
    CMD_EMPTY_VARIABLE_NAME = "CMD_EMPTY_VARIABLE_NAME", Severity.ERROR, "a variable to define has no name"
    CMD_MISSING_INSTANCE_NAME = "CMD_MISSING_INSTANCE_NAME", Severity.ERROR, "a new instance gets no name"
    CMD_INVALID_INSTANCE_NAME = "CMD_INVALID_INSTANCE_NAME", Severity.ERROR, "the name of a new instance is not valid"
    CMD_MISSING_COMPONENT_NAME = "CMD_MISSING_COMPONENT_NAME", Severity.ERROR, "an instruction names no component"
    CMD_INEXISTING_COMPONENT = "CMD_INEXISTING_COMPONENT", Severity.ERROR, "an instruction names an unknown component"
    CMD_MISSING_PARENT_INSTANCE = "CMD_MISSING_PARENT_INSTANCE", Severity.ERROR, "a new instance must stand below another one"
    CMD_CONFLICTING_INSTANCE_NAME = "CMD_CONFLICTING_INSTANCE_NAME", Severity.ERROR, "an instance has this name already"
    CMD_EMAIL_NO_MESSAGE = "CMD_EMAIL_NO_MESSAGE", Severity.ERROR, "an e-mail has no message"
    CMD_NO_INSTRUCTION = "CMD_NO_INSTRUCTION", Severity.WARNING, "the commands hold no instruction"
    CMD_UNRESOLVED_VARIABLE = "CMD_UNRESOLVED_VARIABLE", Severity.ERROR, "a variable is not defined"
    CMD_INVALID_SYNTAX = "CMD_INVALID_SYNTAX", Severity.ERROR, "an instruction is not complete"
    CMD_MISSING_TARGET_FILE = "CMD_MISSING_TARGET_FILE", Severity.ERROR, "an instruction names no file to write"
    CMD_MISSING_COMMAND_NAME = "CMD_MISSING_COMMAND_NAME", Severity.ERROR, "an instruction names no commands to execute"
    CMD_INEXISTING_COMMAND = "CMD_INEXISTING_COMMAND", Severity.ERROR, "the commands to execute do not exist"
    CMD_LOOPING_COMMAND = "CMD_LOOPING_COMMAND", Severity.ERROR, "commands execute themselves"
    CMD_NASTY_LOOPING_COMMAND = "CMD_NASTY_LOOPING_COMMAND", Severity.ERROR, "commands execute each other for ever"
    CMD_INVALID_DATE_PATTERN = "CMD_INVALID_DATE_PATTERN", Severity.ERROR, "a pattern of dates is not valid"
    CMD_NO_MIX_FOR_PATTERNS = "CMD_NO_MIX_FOR_PATTERNS", Severity.ERROR, "a formatted time must stand alone"
    CMD_INVALID_INDEX_PATTERN = "CMD_INVALID_INDEX_PATTERN", Severity.ERROR, "an index of existing instances is not valid"

    # --- rules of the autonomic
    RULE_IO_ERROR = "RULE_IO_ERROR", Severity.ERROR, "a rule cannot be read"
    RULE_EMPTY_NAME = "RULE_EMPTY_NAME", Severity.ERROR, "a rule has no name"
    RULE_INVALID_SYNTAX = "RULE_INVALID_SYNTAX", Severity.ERROR, "the text is no rule"
    RULE_EMPTY_WHEN = "RULE_EMPTY_WHEN", Severity.ERROR, "a rule waits for no event"
    RULE_EMPTY_THEN = "RULE_EMPTY_THEN", Severity.ERROR, "a rule does nothing"
    RULE_UNKNOWN_COMMAND = "RULE_UNKNOWN_COMMAND", Severity.ERROR, "a rule names commands that do not exist"
    RULE_DUPLICATE_NAME = "RULE_DUPLICATE_NAME", Severity.WARNING, "two rules have the same name"
    RULE_SEVERAL_EVENTS = "RULE_SEVERAL_EVENTS", Severity.WARNING, "a rule seems to wait for several events"
    RULE_UNKNOWN_ATTRIBUTE = "RULE_UNKNOWN_ATTRIBUTE", Severity.WARNING, "an attribute of a rule has no effect"

    # --- probes of the autonomic
    PROBE_IO_ERROR = "PROBE_IO_ERROR", Severity.WARNING, "probes or their parameters cannot be read"
    PROBE_INVALID_SECTION = "PROBE_INVALID_SECTION", Severity.WARNING, "the head of a section of probes is not valid"
    PROBE_LINE_OUTSIDE_OF_SECTION = "PROBE_LINE_OUTSIDE_OF_SECTION", Severity.WARNING, "a line of probes stands above the first section"
    PROBE_UNKNOWN_PARAMETER = "PROBE_UNKNOWN_PARAMETER", Severity.WARNING, "a parameter of probes has no value"
    PROBE_UNKNOWN_COMPONENT = "PROBE_UNKNOWN_COMPONENT", Severity.WARNING, "probes are written for an unknown component"

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
    CLI_NO_DIAGRAM = "CLI_NO_DIAGRAM", Severity.ERROR, "a diagram cannot be drawn"
    # fmt: on


MAX_MESSAGE = 2000
"""Characters of a message or a hint; what is beyond is cut."""


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

    def __post_init__(self) -> None:
        """Cut texts that quote more of the input than anybody reads; thousands of them could fill the memory."""
        for name in ("message", "hint"):
            text = getattr(self, name)
            if len(text) > MAX_MESSAGE:
                object.__setattr__(self, name, f"{text[:MAX_MESSAGE]}...")

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
