"""The promises of messaging transports, as a pytest suite that each implementation runs.

Subclass ``TransportContract`` in a test module and supply the fixture ``bench``::

    class TestMyTransport(TransportContract):
        @pytest.fixture
        def bench(self, tmp_path):
            bench = MyBench(tmp_path)
            yield bench
            bench.close()

A test's name is the promise. Nothing sleeps: whatever must happen is waited for, and what
must not happen is looked for behind a later message that does arrive.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from roboconf_core.errors import TransportError
from roboconf_core.messages.topology import DM_TOPIC, agent_topic, exporters_topic, importers_topic
from roboconf_core.testing.peers import Company, Peer, TransportBench, numbered, without_repetitions

WEB, DB, OTHER = "shop/web-vm", "shop/db-vm/db", "bank/web-vm"
"""Agents: two of one application, one of another."""
TOPIC = importers_topic("shop", "Database")
"""Where the agents of ``shop`` may publish and listen."""


class TransportContract:
    """All that agents and deployment manager rely on."""

    @pytest.fixture
    def bench(self) -> Iterator[TransportBench]:
        """Yield a new bench of the implementation; to be overridden."""
        raise NotImplementedError("override the fixture 'bench'")

    @pytest.fixture
    def company(self, bench: TransportBench) -> Iterator[Company]:
        """Yield a connected deployment manager on the bench."""
        company = Company(bench)
        yield company
        company.close()

    # --- from publisher to subscribers

    def test_a_message_reaches_all_who_subscribed_its_topic(self, company: Company) -> None:
        """Several agents, the deployment manager, and the sender itself if it subscribed."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB, TOPIC)
        company.manager.connection.subscribe([TOPIC])
        company.manager.publish(agent_topic(WEB), "nobody listens there")
        company.manager.publish(TOPIC, "from the manager")
        for peer in (web, db, company.manager):
            peer.wait_for_payload("from the manager")
        web.publish(TOPIC, "from web")
        for peer in (web, db, company.manager):
            peer.wait_for_payload("from web")
        assert db.payloads == web.payloads == ["from the manager", "from web"]

    def test_a_delivery_names_its_sender_and_topic(self, company: Company) -> None:
        """The sender is the peer that was authenticated."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        db.publish(TOPIC, "of db")
        web.publish(TOPIC, "of web")
        company.manager.publish(TOPIC, "of dm")
        for text in ("of db", "of web", "of dm"):
            web.wait_for_payload(text)
        found = {(d.payload.decode(), d.sender, d.topic) for d in web.deliveries}
        assert found == {("of db", DB, TOPIC), ("of web", WEB, TOPIC), ("of dm", "@dm", TOPIC)}

    def test_a_payload_arrives_byte_for_byte(self, company: Company) -> None:
        """Any bytes, empty ones and long ones too."""
        web = company.agent(WEB, TOPIC)
        payloads = [bytes(range(256)), b"", b"\n\n{}", bytes(400_000)]
        for payload in payloads:
            web.connection.publish(TOPIC, payload)
        web.wait(lambda: len(web.deliveries) >= len(payloads), "all payloads")
        assert [d.payload for d in web.deliveries] == payloads

    def test_who_did_not_subscribe_hears_nothing(self, company: Company) -> None:
        """Neither other topics nor topics whose names begin alike."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        for topic in (exporters_topic("shop", "Database"), TOPIC + "2", TOPIC[:-1], agent_topic(WEB)):
            db.publish(topic, "not for web")
        db.publish(TOPIC, "for web")
        web.wait_for_payload("for web")
        assert web.payloads == ["for web"]

    def test_messages_of_one_sender_come_in_their_order_and_complete(self, company: Company) -> None:
        """A thousand messages, none lost, none doubled, none overtaken."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        texts = numbered("message ", 1000)
        db.publish(TOPIC, *texts)
        web.wait(lambda: len(web.deliveries) >= len(texts), "all messages")
        assert web.payloads == texts

    def test_any_thread_may_publish_and_keeps_its_order(self, company: Company) -> None:
        """Four threads at once."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        texts = {name: numbered(f"{name} ", 50) for name in "abcd"}
        threads = [threading.Thread(target=db.publish, args=(TOPIC, *texts[name])) for name in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        web.wait(lambda: len(web.deliveries) >= 200, "all messages")
        for name, mine in texts.items():
            assert [text for text in web.payloads if text.startswith(name)] == mine

    def test_subscribing_twice_delivers_once(self, company: Company) -> None:
        """Subscriptions are idempotent."""
        web = company.agent(WEB, TOPIC, TOPIC)
        web.connection.subscribe([TOPIC])
        web.publish(TOPIC, "once")
        web.publish(TOPIC, "end")
        web.wait_for_payload("end")
        assert web.payloads == ["once", "end"]

    def test_unsubscribing_ends_deliveries(self, company: Company) -> None:
        """Of that topic; others go on."""
        other = importers_topic("shop", "Cache")
        web, db = company.agent(WEB, TOPIC, other), company.agent(DB)
        web.connection.unsubscribe([TOPIC, "shop/those.that.import.never.subscribed"])
        company.fence(web)
        db.publish(TOPIC, "not any more")
        db.publish(other, "still")
        web.wait_for_payload("still")
        assert web.payloads == ["still"]

    # --- queues and acknowledgements

    def test_a_queue_is_kept_while_its_agent_cannot_be_reached(self, company: Company) -> None:
        """The network breaks and comes back."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        company.bench.interrupt(WEB)
        web.wait_until_down()
        db.publish(TOPIC, *numbered("kept ", 20))
        company.fence(db)
        company.bench.restore(WEB)
        web.wait_for_payload("kept 19")
        assert web.payloads == numbered("kept ", 20)

    def test_a_queue_is_kept_while_its_agent_does_not_run(self, company: Company) -> None:
        """A new process of the agent gets it, without subscribing again."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        company.close(web)
        db.publish(TOPIC, *numbered("kept ", 20))
        company.fence(db)
        again = company.reopen(WEB, web.settings)
        db.publish(TOPIC, "live")
        again.wait_for_payload("live")
        assert again.payloads == [*numbered("kept ", 20), "live"]

    def test_subscriptions_survive_a_broken_connection(self, company: Company) -> None:
        """What is published after the return arrives as before."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        company.bench.interrupt(WEB)
        web.wait_until_down()
        company.bench.restore(WEB)
        web.wait_until_up()
        db.publish(TOPIC, "after")
        web.wait_for_payload("after")

    def test_what_was_acknowledged_never_comes_again(self, company: Company) -> None:
        """Neither on the next connection of the process nor in the next process."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        db.publish(TOPIC, *numbered("old ", 20))
        web.wait_for_payload("old 19")
        company.fence(web)
        company.bench.interrupt(WEB)
        web.wait_until_down()
        company.bench.restore(WEB)
        web.wait_until_up()
        db.publish(TOPIC, "new")
        web.wait_for_payload("new")
        assert web.payloads == [*numbered("old ", 20), "new"]
        company.fence(web)
        company.close(web)
        again = company.reopen(WEB, web.settings)
        db.publish(TOPIC, "newest")
        again.wait_for_payload("newest")
        assert again.payloads == ["newest"]

    def test_what_was_not_acknowledged_comes_again(self, company: Company) -> None:
        """Single acknowledgements count, in any order; the rest comes in its old order."""
        web, db = company.agent(WEB, TOPIC, acknowledging=False), company.agent(DB)
        db.publish(TOPIC, *"abcdef")
        web.wait_for_payload("f")
        web.acknowledge("e", "a", "c")
        company.fence(web)
        company.close(web)
        db.publish(TOPIC, "g")
        again = company.reopen(WEB, web.settings)
        again.wait_for_payload("g")
        assert again.payloads == ["b", "d", "f", "g"]

    def test_resuming_loses_nothing_and_keeps_the_order(self, company: Company) -> None:
        """The connection of receiver and sender break again and again in the middle of a stream."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        texts = numbered("message ", 400)
        for number, text in enumerate(texts):
            db.publish(TOPIC, text)
            if number % 100 == 50:
                broken = WEB if number % 200 == 50 else DB
                company.bench.interrupt(broken)
                company.bench.restore(broken)
        web.wait_for_payload(texts[-1])
        assert without_repetitions(web.payloads) == texts

    def test_acknowledging_what_is_unknown_is_harmless(self, company: Company) -> None:
        """Twice, or never delivered."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        db.publish(TOPIC, "one")
        web.wait_for_payload("one")
        web.acknowledge("one")
        web.connection.acknowledge(2**40)
        db.publish(TOPIC, "two")
        web.wait_for_payload("two")
        assert web.payloads == ["one", "two"]

    # --- the newest per key

    def test_a_queue_keeps_only_the_newest_of_a_key(self, company: Company) -> None:
        """It stands where it was published last; other keys, other topics and no key are not touched."""
        other = importers_topic("shop", "Cache")
        web, db = company.agent(WEB, TOPIC, other), company.agent(DB)
        company.close(web)
        db.publish(TOPIC, "k1", key="k")
        db.publish(other, "other topic", key="k")
        db.publish(TOPIC, "no key", "no key")
        db.publish(TOPIC, "l1", key="l")
        db.publish(TOPIC, "k2", "k3", key="k")
        company.fence(db)
        again = company.reopen(WEB, web.settings)
        again.wait_for_payload("k3")
        assert again.payloads == ["other topic", "no key", "no key", "l1", "k3"]

    def test_the_same_key_of_two_senders_is_two_messages(self, company: Company) -> None:
        """Heartbeats of two agents do not replace each other."""
        web, db = company.agent(WEB), company.agent(DB)
        third = company.agent("shop/third", TOPIC)
        company.close(third)
        for peer in (web, db, company.manager):
            peer.publish(TOPIC, f"old of {peer.name}", f"new of {peer.name}", key="heartbeat")
        company.fence(web)
        company.fence(db)
        company.fence(company.manager)
        again = company.reopen(third.name, third.settings)
        again.wait(lambda: len(again.deliveries) >= 3, "three messages")
        assert sorted(again.payloads) == ["new of @dm", f"new of {DB}", f"new of {WEB}"]

    # --- publishing without a connection

    def test_what_is_published_without_a_connection_is_sent_once_it_is_up(self, company: Company) -> None:
        """In order; of each key and topic the newest."""
        web = company.agent(WEB)
        company.bench.interrupt(WEB)
        web.wait_until_down()
        web.publish(DM_TOPIC, "a", "b")
        web.publish(DM_TOPIC, "k1", "k2", "k3", key="k")
        web.publish(DM_TOPIC, "c")
        company.bench.restore(WEB)
        company.manager.wait_for_payload("c")
        assert company.told(web) == ["a", "b", "k3", "c"]

    def test_a_subscription_made_without_a_connection_is_in_force_once_it_is_up(self, company: Company) -> None:
        """Before what is published after it."""
        web, db = company.agent(WEB), company.agent(DB)
        company.bench.interrupt(WEB)
        web.wait_until_down()
        web.connection.subscribe([TOPIC])
        web.publish(TOPIC, "to myself")
        company.bench.restore(WEB)
        web.wait_for_payload("to myself")
        db.publish(TOPIC, "from db")
        web.wait_for_payload("from db")

    def test_closing_sends_what_was_published_before(self, company: Company) -> None:
        """All of it, when the connection is up."""
        web = company.agent(WEB)
        web.publish(DM_TOPIC, *numbered("last words ", 200))
        company.close(web)
        company.manager.wait_for_payload("last words 199")
        assert company.told(web) == numbered("last words ", 200)

    def test_nothing_is_heard_after_closing(self, company: Company) -> None:
        """The listener is left alone once ``close`` has returned; closing twice is fine."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        threads = [threading.Thread(target=db.publish, args=(TOPIC, *numbered(f"{n} ", 100))) for n in range(2)]
        for thread in threads:
            thread.start()
        web.wait(lambda: bool(web.deliveries), "the first message")
        web.connection.close()
        heard = len(web.deliveries), list(web.calls)
        for thread in threads:
            thread.join()
        company.fence(db)
        web.connection.close()
        assert (len(web.deliveries), web.calls) == heard
        assert "disconnected" not in web.calls

    def test_a_listener_that_raises_is_logged_and_hears_on(
        self, company: Company, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its defects are not the transport's; what it did not acknowledge comes again after a reconnection."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        web.faults.append("bad")
        db.publish(TOPIC, "bad", "good")
        web.wait_for_payload("good")
        assert "a fault of the test" in caplog.text
        company.fence(web)
        company.close(web)
        again = company.reopen(WEB, web.settings)
        again.wait_for_payload("bad")
        assert again.payloads == ["bad"]

    # --- who may what

    def test_a_credential_that_was_never_issued_is_refused(self, company: Company) -> None:
        """It neither hears nor is heard."""
        web = company.agent(WEB, TOPIC)
        stranger = company.stranger(WEB, company.bench.forged(web.settings))
        stranger.connection.subscribe([TOPIC])
        stranger.publish(DM_TOPIC, "forged")
        company.fence(web)
        company.fence(company.agent(DB))
        web.publish(TOPIC, "end")
        web.wait_for_payload("end")
        assert "forged" not in company.manager.payloads
        assert stranger.calls == []
        assert stranger.payloads == []

    def test_a_sender_cannot_be_forged(self, company: Company) -> None:
        """Settings in which every name is another agent's still speak for their credential, or not at all."""
        web, db = company.agent(WEB), company.agent(DB)
        company.close(web)
        mixed = {name: text.replace(WEB, DB) for name, text in web.settings.items()}
        forger = company.stranger(WEB, mixed)
        forger.publish(DM_TOPIC, "who am I")
        company.fence(db)
        company.close(forger)
        company.fence(company.reopen(WEB, web.settings))
        senders = {d.sender for d in company.manager.deliveries if d.payload == b"who am I"}
        assert senders <= {WEB}

    def test_foreign_topics_are_refused_and_the_connection_stays(self, company: Company) -> None:
        """An agent neither speaks nor listens outside of its application, nor hears what is told to others."""
        foreign = importers_topic("bank", "Database")
        web, bank = company.agent(WEB), company.agent(OTHER, foreign, agent_topic(OTHER))
        web.publish(foreign, "from abroad")
        web.publish(agent_topic(OTHER), "from abroad")
        web.publish("anything", "from abroad")
        web.connection.subscribe([foreign, agent_topic(DB), DM_TOPIC, agent_topic(OTHER), TOPIC])
        company.fence(web)
        for topic in (foreign, agent_topic(DB), agent_topic(OTHER), TOPIC):
            company.manager.publish(topic, f"on {topic}")
        web.wait_for_payload(f"on {TOPIC}")
        bank.wait_for_payload(f"on {agent_topic(OTHER)}")
        assert web.payloads == [f"on {TOPIC}"]
        assert bank.payloads == [f"on {foreign}", f"on {agent_topic(OTHER)}"]
        assert web.state() == ["connected"]

    def test_a_new_generation_revokes_the_old_one(self, company: Company) -> None:
        """The old agent is cut off for good; the new one begins with an empty queue and no subscription."""
        old, db = company.agent(WEB, TOPIC, acknowledging=False), company.agent(DB)
        db.publish(TOPIC, "for the old one")
        old.wait_for_payload("for the old one")
        new = company.agent(WEB, generation=2)
        old.wait_until_down()
        old.publish(DM_TOPIC, "from the grave")
        company.close(old)
        stranger = company.stranger(WEB, old.settings)
        new.connection.subscribe([agent_topic(WEB)])
        company.fence(new)
        db.publish(TOPIC, "not subscribed")
        db.publish(agent_topic(WEB), "end")
        new.wait_for_payload("end")
        assert new.payloads == ["end"]
        assert stranger.calls == []
        assert "from the grave" not in company.manager.payloads

    def test_enrolling_the_same_generation_again_revokes_nothing(self, company: Company) -> None:
        """A machine whose creation was repeated may come with either credential."""
        web, db = company.agent(WEB, TOPIC, acknowledging=False), company.agent(DB)
        db.publish(TOPIC, "kept")
        web.wait_for_payload("kept")
        second = company.transport.enrol(WEB, generation=1)
        company.fence(web)
        company.close(web)
        for settings in (web.settings, second):
            again = company.reopen(WEB, settings, acknowledging=False)
            again.wait_for_payload("kept")
            company.close(again)

    def test_an_older_generation_is_not_enrolled(self, company: Company) -> None:
        """A late attempt harms nothing."""
        web = company.agent(WEB, generation=3)
        with pytest.raises(TransportError):
            company.transport.enrol(WEB, generation=2)
        company.fence(web)

    @pytest.mark.parametrize("name", ["@dm", "@dm/vm", "", "/", "shop", "shop/", "/vm"])
    def test_only_names_of_agents_are_enrolled(self, company: Company, name: str) -> None:
        """Nobody becomes the deployment manager."""
        with pytest.raises(TransportError):
            company.transport.enrol(name, generation=1)

    def test_a_forgotten_agent_is_cut_off(self, company: Company) -> None:
        """Its credential is void, its queue is gone, and forgetting it again is fine."""
        web, db = company.agent(WEB, TOPIC, acknowledging=False), company.agent(DB)
        db.publish(TOPIC, "lost")
        web.wait_for_payload("lost")
        company.transport.forget(WEB)
        company.transport.forget(WEB)
        web.wait_until_down()
        company.close(web)
        stranger = company.stranger(WEB, web.settings)
        company.fence(db)
        assert stranger.calls == []
        company.close(stranger)
        again = company.agent(WEB, TOPIC)
        again.publish(TOPIC, "first")
        again.wait_for_payload("first")
        assert again.payloads == ["first"]

    # --- overflow

    def test_a_queue_that_grows_too_long_ends_in_one_overflow(self, company: Company) -> None:
        """Told once, before what comes after it; nothing of what was dropped comes."""
        limit = company.bench.queue_limit
        if not limit:
            pytest.skip("queues of this transport have no limit")
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        company.close(web)
        db.publish(TOPIC, *numbered("dropped ", limit + 1))
        db.publish(TOPIC, "after the flood")
        company.fence(db)
        again = company.reopen(WEB, web.settings)
        again.wait_for_call("overflowed").wait_for_payload("after the flood")
        assert again.payloads == ["after the flood"]
        company.fence(again)
        company.close(again)
        third = company.reopen(WEB, web.settings)
        db.publish(TOPIC, "later")
        third.wait_for_payload("later")
        assert third.payloads == ["later"]
        assert again.calls.count("overflowed") + third.calls.count("overflowed") == 1

    # --- coming and leaving

    def test_the_manager_hears_agents_come_and_leave(self, company: Company) -> None:
        """By a broken network, and by leaving in good order."""
        web = company.agent(WEB)
        company.manager.wait_for_call(f"agent_connected {WEB}")
        company.bench.interrupt(WEB)
        company.manager.wait_for_call(f"agent_disconnected {WEB}")
        company.bench.restore(WEB)
        company.manager.wait_for_call(f"agent_connected {WEB}", count=2)
        company.close(web)
        company.manager.wait_for_call(f"agent_disconnected {WEB}", count=2)
        presence = [call.split()[0] for call in company.manager.calls if call.endswith(WEB)]
        assert presence == ["agent_connected", "agent_disconnected"] * 2

    def test_connected_and_disconnected_alternate(self, company: Company) -> None:
        """Whatever happens to the connection."""
        web = company.agent(WEB)
        for count in (2, 3):
            company.bench.interrupt(WEB)
            web.wait_until_down()
            company.bench.restore(WEB)
            web.wait_for_call("connected", count=count)
        assert web.state() == ["connected", "disconnected"] * 2 + ["connected"]

    def test_a_second_connection_of_an_agent_takes_the_place_of_the_first(self, company: Company) -> None:
        """Two processes are never the same agent at once."""
        first = company.agent(WEB, TOPIC)
        second = company.reopen(WEB, first.settings)
        first.wait_until_down()
        second.publish(TOPIC, "for the second")
        second.wait_for_payload("for the second")
        assert first.payloads == []

    def test_agents_and_queues_survive_a_restart_of_the_manager(self, company: Company) -> None:
        """What was published before, meanwhile and afterwards arrives; nobody enrols or subscribes again."""
        web, db = company.agent(WEB, TOPIC), company.agent(DB)
        company.manager.acknowledging = False
        web.publish(DM_TOPIC, "before")
        company.manager.wait_for_payload("before")

        def meanwhile() -> None:
            web.publish(DM_TOPIC, "meanwhile")
            db.publish(TOPIC, "meanwhile from db")

        company.restart_manager(meanwhile)
        company.manager.wait_for_payload("meanwhile").wait_for_call(f"agent_connected {WEB}")
        company.manager.wait_for_call(f"agent_connected {DB}")
        web.wait_until_up()
        db.publish(TOPIC, "afterwards")
        web.publish(DM_TOPIC, "afterwards")
        web.wait_for_payload("afterwards")
        company.manager.wait_for_payload("afterwards")
        assert without_repetitions(company.told(web)) == ["before", "meanwhile", "afterwards"]
        assert web.payloads == ["meanwhile from db", "afterwards"]


def contract_tests() -> list[str]:
    """Return the names of all promises."""
    return [name for name in vars(TransportContract) if name.startswith("test_")]


__all__ = ["Company", "Peer", "TransportBench", "TransportContract", "contract_tests"]
