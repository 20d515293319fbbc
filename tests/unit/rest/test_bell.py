"""Whoever waits for a change is woken by the next one, and by the end."""

import asyncio
import threading

from roboconf_core.rest.bell import Bell


async def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    await asyncio.to_thread(thread.join)


def test_a_ring_from_another_thread_wakes_all_who_wait():
    async def scenario():
        bell = Bell()
        bell.attach()
        until = asyncio.get_running_loop().time() + 60
        waiting = [asyncio.create_task(bell.wait(bell.next_ring(), until)) for _ in range(3)]
        await asyncio.sleep(0)
        await in_thread(bell.ring)
        assert await asyncio.gather(*waiting) == [True, True, True]

    asyncio.run(scenario())


def test_a_ring_between_looking_and_waiting_is_not_missed():
    async def scenario():
        bell = Bell()
        bell.attach()
        ring = bell.next_ring()
        await in_thread(bell.ring)
        await asyncio.sleep(0)
        assert await bell.wait(ring, asyncio.get_running_loop().time() + 60)

    asyncio.run(scenario())


def test_waiting_ends_at_its_time():
    async def scenario():
        bell = Bell()
        bell.attach()
        assert not await bell.wait(bell.next_ring(), asyncio.get_running_loop().time())

    asyncio.run(scenario())


def test_the_end_wakes_all_and_nobody_waits_any_more():
    async def scenario():
        bell = Bell()
        bell.attach()
        until = asyncio.get_running_loop().time() + 60
        waiting = asyncio.create_task(bell.wait(bell.next_ring(), until))
        await asyncio.sleep(0)
        await in_thread(bell.close)
        assert not await waiting
        assert not await bell.wait(bell.next_ring(), until)

    asyncio.run(scenario())


def test_a_ring_before_anybody_listens_or_after_the_end_harms_nothing():
    bell = Bell()
    bell.ring()

    async def scenario():
        bell.attach()

    asyncio.run(scenario())
    bell.ring()
