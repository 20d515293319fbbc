"""What an agent was told of others' exports since it lives, without deciding anything."""

from __future__ import annotations

from roboconf_core.messages.types import (
    DM,
    Epoch,
    ExportsPublished,
    Farewell,
    ImportsRepaired,
    Message,
    Publication,
)

_Stamp = tuple[Epoch, int]


class Heard:
    """The newest stamp of each publication, and the farewells, that reached an agent."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], _Stamp] = {}
        self._ended: dict[str, Epoch] = {}

    def take(self, sender: str, message: Message) -> None:
        """Note a message that was delivered and may be believed."""
        match message:
            case ExportsPublished(publication=publication) if publication.agent == sender:
                self._note(publication)
            case ImportsRepaired() if sender == DM:
                for publication in message.publications:
                    self._note(publication)
                for farewell in message.farewells:
                    self._end(farewell)
            case Farewell() if sender == DM:
                self._end(message)
            case _:
                pass

    def is_stale(self, publication: Publication) -> bool:
        """Tell whether something newer of the same instance and prefix was heard."""
        newest = self._newest.get((publication.instance, publication.prefix))
        return newest is not None and newest > publication.stamp

    def is_ended(self, publication: Publication) -> bool:
        """Tell whether a farewell covers it."""
        ended = self._ended.get(publication.agent)
        return ended is not None and publication.epoch <= ended

    def _note(self, publication: Publication) -> None:
        key = (publication.instance, publication.prefix)
        known = self._newest.get(key)
        if known is None or publication.stamp > known:
            self._newest[key] = publication.stamp

    def _end(self, farewell: Farewell) -> None:
        known = self._ended.get(farewell.agent)
        if known is None or farewell.epoch > known:
            self._ended[farewell.agent] = farewell.epoch
