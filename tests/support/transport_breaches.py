"""Ways in which a transport can break its contract, each with the test that must notice.

Those derived from ``Wrapped`` sit around an agent's connection, those derived from
``Router`` in the hub.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace

from transport_benches import LIMITS, InMemoryBench

from roboconf_core.builtin.hub.requests import Publish
from roboconf_core.builtin.hub.router import Router
from roboconf_core.builtin.hub.values import Came, Close, Effects, Left
from roboconf_core.hooks.transports import Connection
from roboconf_core.messages.types import DM
from roboconf_core.testing import transports

PATIENCE_S = 0.5


class BrokenBench(InMemoryBench):
    """The in-memory transport with a breach at its connections or in its router."""

    patience_s = PATIENCE_S

    def __init__(self, breach):
        in_router = issubclass(breach, Router)
        super().__init__((breach if in_router else Router)(LIMITS))
        self._wrapper = None if in_router else breach
        self.memory = {}

    def open_agent(self, agent, settings, listener):
        if self._wrapper is None:
            return super().open_agent(agent, settings, listener)
        wrapper = self._wrapper(self, agent, listener)
        wrapper.opened(super().open_agent(agent, settings, wrapper))
        return wrapper


class Wrapped(Connection):
    """A connection and its listener that pass everything on; each breach changes something."""

    def __init__(self, bench, agent, listener):
        self.bench = bench
        self.agent = agent
        self.listener = listener

    def opened(self, inner):
        self.inner = inner

    def publish(self, topic, payload, *, key=None):
        self.inner.publish(topic, payload, key=key)

    def subscribe(self, topics):
        self.inner.subscribe(topics)

    def unsubscribe(self, topics):
        self.inner.unsubscribe(topics)

    def acknowledge(self, tag):
        self.inner.acknowledge(tag)

    def close(self, *, timeout_s=5.0):
        self.inner.close(timeout_s=timeout_s)

    def connected(self):
        self.listener.connected()

    def disconnected(self, reason):
        self.listener.disconnected(reason)

    def delivered(self, delivery):
        self.listener.delivered(delivery)

    def overflowed(self):
        self.listener.overflowed()


class DropsOneInAHundred(Wrapped):
    count = 0

    def publish(self, topic, payload, *, key=None):
        self.count += 1
        if self.count % 100:
            super().publish(topic, payload, key=key)


class SwapsNeighbours(Wrapped):
    held = None

    def delivered(self, delivery):
        held, self.held = self.held, None
        if held is None and delivery.payload.endswith(b"7"):
            self.held = delivery
            return
        super().delivered(delivery)
        if held is not None:
            super().delivered(held)


class ForgetsSubscriptionsWithTheProcess(Wrapped):
    def opened(self, inner):
        super().opened(inner)
        inner.unsubscribe(self.bench.memory.pop(self.agent, ()))

    def subscribe(self, topics):
        self.bench.memory[self.agent] = tuple(topics)
        super().subscribe(self.bench.memory[self.agent])


class ForgetsSubscriptionsWithTheConnection(Wrapped):
    topics = ()

    def subscribe(self, topics):
        self.topics = tuple(topics)
        super().subscribe(self.topics)

    def disconnected(self, reason):
        self.inner.unsubscribe(self.topics)
        super().disconnected(reason)


class ForgetsSubscriptionsMadeWhileDown(Wrapped):
    up = True

    def connected(self):
        self.up = True
        super().connected()

    def disconnected(self, reason):
        self.up = False
        super().disconnected(reason)

    def subscribe(self, topics):
        if self.up:
            super().subscribe(topics)


class DropsWhatIsPublishedWhileDown(ForgetsSubscriptionsMadeWhileDown):
    def subscribe(self, topics):
        self.inner.subscribe(topics)

    def publish(self, topic, payload, *, key=None):
        if self.up:
            super().publish(topic, payload, key=key)


class DoublesAfterResume(Wrapped):
    last = None

    def delivered(self, delivery):
        self.last = delivery
        super().delivered(delivery)

    def connected(self):
        super().connected()
        if self.last is not None:
            super().delivered(self.last)


class ForgetsAcknowledgements(Wrapped):
    def acknowledge(self, tag):
        pass


class AcknowledgesAllBefore(Wrapped):
    def __init__(self, bench, agent, listener):
        super().__init__(bench, agent, listener)
        self.tags = []

    def delivered(self, delivery):
        self.tags.append(delivery.tag)
        super().delivered(delivery)

    def acknowledge(self, tag):
        for one in self.tags:
            if one <= tag:
                super().acknowledge(one)


class FailsOnUnknownTags(Wrapped):
    def __init__(self, bench, agent, listener):
        super().__init__(bench, agent, listener)
        self.tags = set()

    def delivered(self, delivery):
        self.tags.add(delivery.tag)
        super().delivered(delivery)

    def acknowledge(self, tag):
        assert tag in self.tags, "an unknown tag"
        super().acknowledge(tag)


class StripsPayloads(Wrapped):
    def delivered(self, delivery):
        super().delivered(replace(delivery, payload=delivery.payload.strip()))


class ClaimsThatAllComesFromTheManager(Wrapped):
    def delivered(self, delivery):
        super().delivered(replace(delivery, sender=DM))


class SendsLate(Wrapped):
    """Holds back the newest message until the next one comes; ``close`` forgets it."""

    late = None

    def publish(self, topic, payload, *, key=None):
        late, self.late = self.late, (topic, payload, key)
        if late is not None:
            super().publish(late[0], late[1], key=late[2])


class TalksAfterClosing(Wrapped):
    def close(self, *, timeout_s=5.0):
        super().close(timeout_s=timeout_s)
        self.listener.disconnected("closed")


class SaysItIsUpTwice(Wrapped):
    def connected(self):
        super().connected()
        super().connected()


class LosesRaces(Wrapped):
    """What comes from another thread than the message before is lost."""

    thread = None

    def publish(self, topic, payload, *, key=None):
        before, self.thread = self.thread, threading.current_thread()
        if before in (None, self.thread):
            super().publish(topic, payload, key=key)


class SwallowsFaults(Wrapped):
    def delivered(self, delivery):
        with suppress(ValueError):
            super().delivered(delivery)


class Deaf(Router):
    """Who publishes is not told what it published itself."""

    def _enqueue(self, peer, sender, topic, key, payload, effects):
        if peer.record.name != sender:
            super()._enqueue(peer, sender, topic, key, payload, effects)


class MatchesPrefixes(Router):
    def take(self, link, request, effects):
        if isinstance(request, Publish):
            for topic in list(self._listeners):
                if topic != request.topic and request.topic.startswith(topic):
                    super().take(link, replace(request, topic=topic, number=self._last(link) + 1), effects)
        super().take(link, replace(request, number=max(request.number, self._last(link) + 1)), effects)

    def _last(self, link):
        return self._peers[self._links[link]].record.number


class CountsSubscriptions(Router):
    def __init__(self, limits):
        super().__init__(limits)
        self._counts = Counter()

    def _subscribe(self, peer, topic, effects):
        self._counts[peer.record.name, topic] += 1
        super()._subscribe(peer, topic, effects)

    def _enqueue(self, peer, sender, topic, key, payload, effects):
        for _ in range(self._counts[peer.record.name, topic]):
            super()._enqueue(peer, sender, topic, key, payload, effects)


class NeverUnsubscribes(Router):
    def _unsubscribe(self, peer, topic, effects):
        pass


class DropsQueuesOfTheAbsent(Router):
    def _enqueue(self, peer, sender, topic, key, payload, effects):
        if peer.link is not None:
            super()._enqueue(peer, sender, topic, key, payload, effects)


class DropsTheManagersQueue(Router):
    def detach(self, link, effects):
        if self._links.get(link) == DM:
            self._empty(self._peers[DM], effects)
        super().detach(link, effects)


class IgnoresKeys(Router):
    def _enqueue(self, peer, sender, topic, key, payload, effects):
        super()._enqueue(peer, sender, topic, None, payload, effects)


class SharesKeysAmongSenders(Router):
    def _enqueue(self, peer, sender, topic, key, payload, effects):
        for place, seq in list(peer.by_key.items()):
            if key is not None and place[1:] == (topic, key):
                peer.take(seq)
        super()._enqueue(peer, sender, topic, key, payload, effects)


class AcceptsAnyCredential(Router):
    def agent_of(self, digest):
        return super().agent_of(digest) or next((name for name in self._peers if name != DM), None)


class BelievesWhatAgentsSayOfThemselves(Router):
    """As if the sender's name came from the settings."""

    def _enqueue(self, peer, sender, topic, key, payload, effects):
        believed = transports.DB if payload == b"who am I" else sender
        super()._enqueue(peer, believed, topic, key, payload, effects)


class OpensForeignTopics(Router):
    def _fault_of(self, request, peer):
        return ""


class KeepsOldCredentials(Router):
    def enrol(self, agent, generation, digest, effects):
        old = {known: owner for known, owner in self._credentials.items() if owner[0] == agent}
        super().enrol(agent, generation, digest, effects)
        self._credentials.update(old)


class RevokesOnEveryEnrolment(Router):
    def enrol(self, agent, generation, digest, effects):
        for known in [known for known, (owner, _) in self._credentials.items() if owner == agent]:
            self._revoke(known, effects)
        super().enrol(agent, generation, digest, effects)


class EnrolsOldGenerations(Router):
    def enrol(self, agent, generation, digest, effects):
        if agent in self._peers:
            self._peers[agent].record.generation = generation
        super().enrol(agent, generation, digest, effects)


class EnrolsAnybody(Router):
    def enrol(self, agent, generation, digest, effects):
        self._credentials[digest] = (agent, generation)


class NeverForgets(Router):
    def forget(self, agent, effects):
        pass


class DropsInSilence(Router):
    def _overflow(self, peer, effects):
        self._empty(peer, effects)


class HidesWhoLeaves(Router):
    def detach(self, link, effects):
        super().detach(link, effects)
        effects.outputs[:] = [output for output in effects.outputs if not isinstance(output, Left)]


class AllowsTwoConnections(Router):
    def attach(self, link, name, session, effects):
        mine = Effects()
        super().attach(link, name, session, mine)
        effects.changes = mine.changes
        effects.outputs += [output for output in mine.outputs if not isinstance(output, Close)]


class HidesWhoWasThereBefore(Router):
    def attach(self, link, name, session, effects):
        super().attach(link, name, session, effects)
        if name == DM:
            effects.outputs[:] = [output for output in effects.outputs if not isinstance(output, Came)]


class LosesItsPlaceOnResume(Router):
    """Of what waits at a reconnection, the first is skipped."""

    def attach(self, link, name, session, effects):
        peer = self._peers.get(name)
        if peer is not None and peer.queue and name != DM:
            peer.take(next(iter(peer.queue)))
        super().attach(link, name, session, effects)


BREACHES = [
    (Deaf, "test_a_message_reaches_all_who_subscribed_its_topic"),
    (ClaimsThatAllComesFromTheManager, "test_a_delivery_names_its_sender_and_topic"),
    (StripsPayloads, "test_a_payload_arrives_byte_for_byte"),
    (MatchesPrefixes, "test_who_did_not_subscribe_hears_nothing"),
    (DropsOneInAHundred, "test_messages_of_one_sender_come_in_their_order_and_complete"),
    (SwapsNeighbours, "test_messages_of_one_sender_come_in_their_order_and_complete"),
    (LosesRaces, "test_any_thread_may_publish_and_keeps_its_order"),
    (CountsSubscriptions, "test_subscribing_twice_delivers_once"),
    (NeverUnsubscribes, "test_unsubscribing_ends_deliveries"),
    (DropsQueuesOfTheAbsent, "test_a_queue_is_kept_while_its_agent_cannot_be_reached"),
    (DropsQueuesOfTheAbsent, "test_a_queue_is_kept_while_its_agent_does_not_run"),
    (ForgetsSubscriptionsWithTheProcess, "test_a_queue_is_kept_while_its_agent_does_not_run"),
    (ForgetsSubscriptionsWithTheConnection, "test_subscriptions_survive_a_broken_connection"),
    (DoublesAfterResume, "test_what_was_acknowledged_never_comes_again"),
    (ForgetsAcknowledgements, "test_what_was_acknowledged_never_comes_again"),
    (AcknowledgesAllBefore, "test_what_was_not_acknowledged_comes_again"),
    (LosesItsPlaceOnResume, "test_what_was_not_acknowledged_comes_again"),
    (DropsWhatIsPublishedWhileDown, "test_resuming_loses_nothing_and_keeps_the_order"),
    (FailsOnUnknownTags, "test_acknowledging_what_is_unknown_is_harmless"),
    (IgnoresKeys, "test_a_queue_keeps_only_the_newest_of_a_key"),
    (SharesKeysAmongSenders, "test_the_same_key_of_two_senders_is_two_messages"),
    (DropsWhatIsPublishedWhileDown, "test_what_is_published_without_a_connection_is_sent_once_it_is_up"),
    (ForgetsSubscriptionsMadeWhileDown, "test_a_subscription_made_without_a_connection_is_in_force_once_it_is_up"),
    (SendsLate, "test_closing_sends_what_was_published_before"),
    (TalksAfterClosing, "test_nothing_is_heard_after_closing"),
    (SwallowsFaults, "test_a_listener_that_raises_is_logged_and_hears_on"),
    (AcceptsAnyCredential, "test_a_credential_that_was_never_issued_is_refused"),
    (BelievesWhatAgentsSayOfThemselves, "test_a_sender_cannot_be_forged"),
    (OpensForeignTopics, "test_foreign_topics_are_refused_and_the_connection_stays"),
    (KeepsOldCredentials, "test_a_new_generation_revokes_the_old_one"),
    (RevokesOnEveryEnrolment, "test_enrolling_the_same_generation_again_revokes_nothing"),
    (EnrolsOldGenerations, "test_an_older_generation_is_not_enrolled"),
    (EnrolsAnybody, "test_only_names_of_agents_are_enrolled"),
    (NeverForgets, "test_a_forgotten_agent_is_cut_off"),
    (DropsInSilence, "test_a_queue_that_grows_too_long_ends_in_one_overflow"),
    (HidesWhoLeaves, "test_the_manager_hears_agents_come_and_leave"),
    (SaysItIsUpTwice, "test_connected_and_disconnected_alternate"),
    (AllowsTwoConnections, "test_a_second_connection_of_an_agent_takes_the_place_of_the_first"),
    (DropsTheManagersQueue, "test_agents_and_queues_survive_a_restart_of_the_manager"),
    (HidesWhoWasThereBefore, "test_agents_and_queues_survive_a_restart_of_the_manager"),
]
