"""Random ports that somebody else takes before the service does."""

import socket
import time

import pytest
from command_line import eventually

START = """#!/bin/bash
echo "$port" >> {notes}/drawn
while [ ! -e {notes}/go ]; do sleep 0.02; done
python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $port)); time.sleep(1000)" &
echo $! > "$ROBOCONF_PID_FILE"
"""
STATUS = "#!/bin/bash\n: < /dev/tcp/127.0.0.1/$port\n"
STOP = '#!/bin/bash\nkill "$(cat "$ROBOCONF_PID_FILE")" 2>/dev/null\nexit 0\n'


@pytest.fixture
def application(tmp_path):
    """An application of one service with a random port, which binds it only when the test says so."""
    files = {
        "descriptor/application.properties": "name = ports\nversion = 1.0\ndsl-id = roboconf-1.0\n"
        "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n",
        "graph/main.graph": "VM {\ninstaller: target;\nchildren: Service;\n}\n"
        "Service {\ninstaller: bash;\nexports: random[port] port;\n}\n",
        "graph/Service/scripts/start.sh": START.format(notes=tmp_path),
        "graph/Service/scripts/status.sh": STATUS,
        "graph/Service/scripts/stop.sh": STOP,
        "instances/model.instances": "instance of VM {\nname: vm;\ninstance of Service {\nname: service;\n}\n}\n",
    }
    for name, text in files.items():
        file = tmp_path / "ports" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "ports"


def test_a_port_that_is_taken_while_the_service_starts_is_drawn_again_soon(user, tmp_path, application):
    up = user.start("up", application)
    drawn = tmp_path / "drawn"
    port = int(eventually(lambda: drawn.exists() and drawn.read_text(), within=60))
    with socket.create_server(("127.0.0.1", port)):
        taken = time.time()
        (tmp_path / "go").touch()
        (redrawn,) = eventually(lambda: redraws(user), within=60)
        assert redrawn["time"] - taken < 20, "the time for readiness was waited for"
        assert redrawn["details"]["taken"] == port
        out, err = up.communicate(timeout=90)
        assert up.returncode == 0, out + err
        user.run("wait")
        assert user.status_of("/vm/service", "ports") == "DEPLOYED_STARTED"
        assert int(drawn.read_text().split()[-1]) == redrawn["details"]["port"] != port


def redraws(user):
    return [one for one in user.json("events", "--limit", "1000") if one["kind"] == "port-redrawn"]
