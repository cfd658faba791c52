"""JSON schemas for answers: which texts meet one, and how a text comes to its end.

Pure; both sides of the engine use it: the front end to refuse a schema before anything is loaded,
the worker to hold the model to it.
"""

from localchat import errors
from localchat.engine.schemas import conversion, reading
from localchat.engine.schemas.grammar import Node

_HINT = "Simplify it; {} allows any JSON."


def compiled(text: str) -> Node:
    """Return the grammar of the JSON that meets the schema in `text`.

    Raises UsageError when it is no schema, cannot be met, or asks for what cannot be held.
    """
    schema = reading.parse(text)
    try:
        return conversion.Converter(schema).root()
    except reading.Impossible as impossible:
        message = f"No JSON can meet the JSON schema (at {impossible})."
        raise errors.UsageError(message, _HINT) from impossible
    except reading.Unsupported as unsupported:
        message = f"The JSON schema cannot be held: {unsupported}."
        raise errors.UsageError(message, _HINT) from unsupported
    except RecursionError as error:
        raise errors.UsageError("The JSON schema is nested too deep.", _HINT) from error
