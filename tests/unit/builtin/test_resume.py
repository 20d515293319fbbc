"""Outbox, router and store together lose nothing and double nothing, whatever breaks and crashes in between."""

import random
from collections import deque

import pytest
from hub_worlds import DictStore

from roboconf_core.builtin.hub.outbox import Outbox, Receipts
from roboconf_core.builtin.hub.requests import Subscribe
from roboconf_core.builtin.hub.router import Router
from roboconf_core.builtin.hub.values import Deliver, Effects, Limits, Opened

SENDER, RECEIVER = "shop/db-vm", "shop/web-vm"
TOPIC = "shop/those.that.import.Db"


class World:
    """One sender, one receiver, one hub; every wire is a queue that can be lost."""

    def __init__(self):
        self.store = DictStore()
        self.outbox = Outbox()
        self.receipts = Receipts()
        self.published = []
        self.taken_in = []
        self.links = {}
        self.next_link = 1
        self.router = Router(Limits(window=3))
        self.router.load(self.store.open())
        for agent in (SENDER, RECEIVER):
            self.act(lambda effects, agent=agent: self.router.enrol(agent, 1, f"digest of {agent}", effects))
        self.reconnect(SENDER)
        self.reconnect(RECEIVER)
        self.act(lambda effects: self.router.take(self.links[RECEIVER], Subscribe(1, TOPIC), effects))

    def act(self, request, *, crash=False):
        effects = Effects()
        request(effects)
        if crash:
            return
        self.store.save(effects.changes)
        for output in effects.outputs:
            link = getattr(output, "link", None)
            if link == self.links.get(SENDER) and isinstance(output, Opened):
                self.to_sender.append(("opened", output.number))
            elif link == self.links.get(RECEIVER) and isinstance(output, Deliver):
                self.to_receiver.append(output.entry)
        for link, number in effects.confirmed.items():
            if link == self.links.get(SENDER):
                self.to_sender.append(("confirmed", number))

    def reconnect(self, agent):
        if agent == SENDER:
            self.from_sender, self.to_sender = deque(), deque()
            self.sender_is_up = False
        else:
            self.from_receiver, self.to_receiver = deque(), deque()
        old, self.links[agent] = self.links.get(agent), self.next_link
        self.next_link += 1
        if old is not None:
            self.act(lambda effects: self.router.detach(old, effects))
        self.act(lambda effects: self.router.attach(self.links[agent], agent, "session", effects))

    # --- steps

    def publish(self):
        text = b"%d" % len(self.published)
        self.published.append(text)
        self.outbox.publish(TOPIC, None, text)

    def sender_sends(self):
        if self.sender_is_up and (request := self.outbox.next_unsent()) is not None:
            self.from_sender.append(request)

    def sender_hears(self):
        if self.to_sender:
            what, number = self.to_sender.popleft()
            if what == "opened":
                self.outbox.restart(number)
                self.sender_is_up = True
            else:
                self.outbox.confirm(number)

    def hub_takes(self):
        if self.from_sender:
            request, link = self.from_sender.popleft(), self.links[SENDER]
            self.act(lambda effects: self.router.take(link, request, effects))

    def receiver_hears(self):
        if self.to_receiver:
            entry = self.to_receiver.popleft()
            if entry.seq not in self.receipts:
                self.taken_in.append(entry.payload)
                self.receipts.add(entry.seq)
            self.from_receiver.append(entry.seq)

    def hub_hears(self):
        if self.from_receiver:
            tag, link = self.from_receiver.popleft(), self.links[RECEIVER]
            self.act(lambda effects: self.router.acknowledge(link, [tag], effects))

    def sender_breaks(self):
        self.reconnect(SENDER)

    def receiver_breaks(self):
        self.reconnect(RECEIVER)

    def hub_crashes(self):
        self.router = Router(Limits(window=3))
        self.router.load(self.store.open())
        self.links.clear()
        self.reconnect(SENDER)
        self.reconnect(RECEIVER)

    def hub_crashes_before_its_commit(self):
        link = self.links[SENDER]
        while self.from_sender:
            request = self.from_sender.popleft()
            self.act(lambda effects, request=request: self.router.take(link, request, effects), crash=True)
        self.hub_crashes()

    def come_to_rest(self):
        for _ in range(20 * len(self.published) + 20):
            for step in (
                self.sender_hears,
                self.sender_sends,
                self.hub_takes,
                self.receiver_hears,
                self.hub_hears,
            ):
                step()


COMMON = ("publish", "sender_sends", "sender_hears", "hub_takes", "receiver_hears", "hub_hears")
RARE = ("sender_breaks", "receiver_breaks", "hub_crashes", "hub_crashes_before_its_commit")


@pytest.mark.parametrize("seed", range(60))
def test_each_message_is_taken_in_once_and_in_order_whatever_breaks(seed):
    dice = random.Random(seed)
    world = World()
    for _ in range(300):
        step = dice.choice(COMMON) if dice.random() < 0.9 else dice.choice(RARE)
        getattr(world, step)()
        assert world.taken_in == world.published[: len(world.taken_in)]
    world.come_to_rest()
    assert world.taken_in == world.published
    assert not world.store.entries
    assert len(world.outbox) == 0
