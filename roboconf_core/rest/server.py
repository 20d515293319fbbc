"""A whole deployment manager in one process: plugins, store, core, runner, transport, web server."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import uvicorn

from roboconf_core import __version__
from roboconf_core.dm.bundles import BundleStore
from roboconf_core.dm.core.port_space import shared_ports
from roboconf_core.dm.home import DmInfo, Home
from roboconf_core.dm.kept import wake_core
from roboconf_core.dm.machines import Machines
from roboconf_core.dm.reservations import Reservations
from roboconf_core.dm.runner import Runner
from roboconf_core.dm.store import Store
from roboconf_core.dm.templates import TemplateStore
from roboconf_core.errors import Code, RoboconfError
from roboconf_core.hooks.manager import Plugins, load_plugins
from roboconf_core.hooks.properties import with_defaults
from roboconf_core.hooks.transports import ManagerContext, ManagerTransport
from roboconf_core.rest.app import create_app
from roboconf_core.rest.bell import Bell
from roboconf_core.rest.listening import listen, listen_first_time
from roboconf_core.rest.logs import log_to
from roboconf_core.rest.security import check_clear_text, new_token
from roboconf_core.rest.service import Service

log = logging.getLogger(__name__)

_END_PATIENCE_S = 5
_PORT, _TOKEN = "port", "token"
"""Names of texts in the store."""


def serve(
    directory: Path,
    *,
    port: int | None = None,
    host: str = "127.0.0.1",
    insecure_clear_text: bool = False,
    transport: str = "http",
    plugins: Plugins | None = None,
    ready: Callable[[DmInfo], None] = lambda info: None,
) -> None:
    """Run a deployment manager until it is told to end (SIGTERM, SIGINT, or the API); agents stay.

    Called from the main thread of a process of its own.

    Args:
        directory: Its home.
        port: Where to listen; None for the port it had before, or a free one at first.
        host: Address to listen on.
        insecure_clear_text: Whether an address off loopback may be served without TLS.
        transport: Name of the messaging transport.
        plugins: None for the installed ones.
        ready: Told once requests are served and ``dm.json`` is written.

    Raises:
        RoboconfError: If it cannot start, or could not go on.
    """
    check_clear_text(host, insecure_clear_text=insecure_clear_text)
    home = Home(directory)
    home.prepare()
    home.own()
    with ExitStack() as stack:
        handler = log_to(home.log_file)
        stack.callback(handler.close)
        stack.callback(logging.getLogger().removeHandler, handler)
        store = Store(home.database_url)
        stack.callback(store.close)
        listener = _listening(stack, home, store, host, port)
        manager = _Manager(stack, home, store, listener, plugins or load_plugins(), transport)
        manager.run(ready)


def _listening(stack: ExitStack, home: Home, store: Store, host: str, port: int | None) -> socket.socket:
    """Return the socket, and keep its port: agents come back to it."""
    kept = store.remembered_text(_PORT)
    if port is not None:
        listener = listen(host, port)
    elif kept:
        listener = listen(host, int(kept))
    else:
        listener = listen_first_time(home, host)
    stack.callback(listener.close)
    chosen = str(listener.getsockname()[1])
    if kept and kept != chosen:
        log.warning("the port changes from %s to %s: agents that run do not find their way back", kept, chosen)
    with store.transaction(durable=True) as changes:
        changes.set_text(_PORT, chosen)
    return listener


class _Manager:
    """The parts of one running deployment manager."""

    def __init__(
        self, stack: ExitStack, home: Home, store: Store, listener: socket.socket, plugins: Plugins, transport: str
    ) -> None:
        self._home = home
        self._listener = listener
        self._ending = threading.Event()
        self._info = _described(store, listener)
        for problem in plugins.problems:
            log.warning("%s", problem)
        hub = _opened(plugins, transport, home, self._info)
        stack.callback(hub.close)
        bundles = BundleStore(home.bundles)
        templates = TemplateStore(home.templates, bundles=bundles, plugins=plugins)
        core = wake_core(store, templates, bundles, plugins)
        machines = Machines(dm_id=store.dm_id, home=home, plugins=plugins, transport=hub, transport_name=transport)
        bell = Bell()
        self._bell = bell
        held = partial(shared_ports, core.memory)
        self._runner = Runner(
            core,
            store=store,
            transport=hub,
            machines=machines,
            bundles=bundles,
            ports=Reservations(dm_id=store.dm_id, home=home.directory, held=held),
            changed=bell.ring,
            ended=self.end,
        )
        service = Service(
            home=home,
            info=self._info,
            core=core,
            runner=self._runner,
            store=store,
            templates=templates,
            plugins=plugins,
            stop=self.end,
            bell=bell,
        )
        self._web = _web_server(create_app(service, messaging=hub.asgi()))

    def end(self) -> None:
        """Have ``run`` return soon; from any thread and from signals."""
        self._ending.set()

    def run(self, ready: Callable[[DmInfo], None]) -> None:
        """Serve until ``end``."""
        with _signals(self.end):
            web = threading.Thread(target=self._web.run, kwargs={"sockets": [self._listener]}, name="web", daemon=True)
            self._runner.start()
            web.start()
            try:
                if self._wait_until_it_serves(web):
                    self._home.write(self._info)
                    log.info("serving at %s", self._info.url)
                    ready(self._info)
                self._ending.wait()
            finally:
                self._end(web)
        if self._runner.failure is not None:
            raise _explained(self._runner.failure) from self._runner.failure

    def _wait_until_it_serves(self, web: threading.Thread) -> bool:
        while not self._web.started:
            if self._ending.wait(0.005):
                return False
            if not web.is_alive():
                raise RoboconfError("the web server did not start", code=Code.DM_INTERNAL, hint="see dm.log")
        return True

    def _end(self, web: threading.Thread) -> None:
        log.info("ending")
        self._runner.stop()  # first: that agents lose their connection now means nothing
        self._bell.close()
        self._web.should_exit = True
        web.join()
        try:
            self._home.write(dataclasses.replace(self._info, pid=None))
        except OSError as error:  # nothing is lost: the lock tells that nobody runs
            log.warning("dm.json still tells this process: %s", error)


def _described(store: Store, listener: socket.socket) -> DmInfo:
    token = store.remembered_text(_TOKEN) or new_token()
    with store.transaction(durable=True) as changes:
        changes.set_text(_TOKEN, token)
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    url = f"http://{shown}:{port}"
    return DmInfo(url=url, token=token, pid=os.getpid(), started=time.time(), dm_id=store.dm_id, version=__version__)


def _opened(plugins: Plugins, name: str, home: Home, info: DmInfo) -> ManagerTransport:
    transport = plugins.transport(name)
    context = ManagerContext(
        properties=with_defaults(transport.properties, {}),
        database_url=home.messages_url,
        directory=home.directory,
        url=info.url,
    )
    return transport.manager(context)


def _web_server(app: object) -> uvicorn.Server:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_END_PATIENCE_S,
        ws="websockets-sansio",
        ws_max_size=8 * 1024 * 1024,
        ws_ping_interval=None,
    )
    return uvicorn.Server(config)


@contextmanager
def _signals(end: Callable[[], None]) -> Iterator[None]:
    """Have SIGTERM and SIGINT end the deployment manager in good order."""
    before = {number: signal.signal(number, lambda *_: end()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _explained(failure: BaseException) -> RoboconfError:
    if isinstance(failure, RoboconfError):
        return failure
    return RoboconfError(f"unexpected {failure!r}", code=Code.DM_INTERNAL, hint="dm.log of the home says more")
