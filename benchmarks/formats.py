"""Time and memory to load applications whose instances are all written out: parse, convert, validate.

python benchmarks/formats.py [ROUNDS] [SIZE...]

Machines carry servers, servers carry what runs in them; six in ten instances override something, seven have a comment.
There are 100 components. Every round loads in a new process, on one core. The floor is what no reader can do
without: the same files read and their lines split, in a process of its own as well. The least of all rounds counts.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

COMPONENTS = 100
SERVERS = (COMPONENTS - 1) // 3
SIZES = (1_000, 10_000, 100_000)


def graph() -> str:
    """Return a graph of so many components: machines, servers of several kinds, and what runs in them."""
    blocks = [
        "# What everything runs on.\nVM {\n\tinstaller: target;\n\texports: ip, zone = a;\n\tchildren: Software;\n}\n",
        "facet Software {\n\texports: port = 8080, random[port] admin;\n}\n",
    ]
    for i in range(SERVERS):
        needed = (i + 1) % SERVERS
        blocks.append(
            f"# Server {i}, which needs the next one.\nServer{i} {{\n\tinstaller: bash;\n\tfacets: Software;\n"
            f'\texports: ip, home = /opt/server{i}, greeting = "good morning, {i}";\n'
            f"\timports: Server{needed}.ip (optional), Server{needed}.port (optional);\n\tchildren: App{i}, Job{i};\n}}\n"
        )
        blocks.append(f"App{i} {{\n\tinstaller: file;\n\texports: path = /app{i};\n\timports: Server{needed}.*;\n}}\n")
        blocks.append(f"Job{i} {{\n\textends: App{i};\n\texports: period = 60;\n}}\n")
    return "\n".join(blocks)


def instances(number: int) -> Iterator[str]:
    """Yield the lines of so many instances: machines with three servers each, which have an application and a job."""
    for machine in range(number // 10):
        yield f"# in rack {machine // 40}\ninstance of VM {{\n\tname: vm-{machine};\n\tdata.rack: {machine // 40};\n"
        for i in range(3 * machine, 3 * machine + 3):
            kind = i % SERVERS
            yield f"\tinstance of Server{kind} {{\n\t\tname: server-{i};\n\t\thome: /srv/server{i};    # on the large disk"
            yield f'\t\tServer{kind}.greeting: "hello; server {i}";\n'
            yield f"\t\tinstance of App{kind} {{\n\t\t\tname: app-{i};\n\t\t}}\n"
            yield f"\t\t# every {i % 60} seconds\n\t\tinstance of Job{kind} {{\n\t\t\tname: job-{i};"
            yield f"\t\t\tperiod: {i % 60};\n\t\t}}\n\t}}\n"
        yield "}\n"


def write_application(directory: Path, number: int) -> None:
    """Write an application with so many instances."""
    for name in ("descriptor", "graph", "instances"):
        (directory / name).mkdir(parents=True)
    text = graph()
    for line in text.splitlines():
        if line.endswith("{") and not line.startswith("facet"):
            (directory / "graph" / line.removesuffix(" {")).mkdir()
    (directory / "graph" / "main.graph").write_text(text)
    (directory / "instances" / "model.instances").write_text("\n".join(instances(number)) + "\n")
    (directory / "descriptor" / "application.properties").write_text(
        "name = Large\nversion = 1.0\ndsl-id = roboconf-1.0\n"
        "graph-entry-point = main.graph\ninstance-entry-point = model.instances\n"
    )


def load(directory: Path) -> int:
    """Load an application and return how many instances it has."""
    from roboconf_core.dsl.loader import load_application
    from roboconf_core.model.instance import walk

    loaded = load_application(directory)
    assert loaded.template is not None, loaded.problems[:3]
    assert all(problem.code == "P_EMPTY_FILE" for problem in loaded.problems), loaded.problems[:3]
    return sum(1 for _ in walk(loaded.template.instances))


def split(directory: Path) -> int:
    """Read all files, split all lines, and return how many instances there are."""
    lines = [line.split() for file in directory.rglob("*.*") for line in file.read_text().split("\n")]
    return sum(words[:2] == ["instance", "of"] for words in lines)


def measure(what: str, directory: Path) -> dict[str, float]:
    """Do one thing in this process, and return wall time, processor time (s) and the most memory used (MiB)."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    job = {"load": load, "floor": split}[what]
    wall, processor = time.perf_counter(), time.process_time()
    number = job(directory)
    found = {"number": number, "wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    status = Path("/proc/self/status").read_text()
    found["memory"] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return found


def least(what: str, directory: Path, rounds: int) -> dict[str, float]:
    """Measure in a new process each time, and return the least of everything."""
    command = [sys.executable, __file__, "--inside", what, str(directory)]
    found = [json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout) for _ in range(rounds)]
    return {key: min(each[key] for each in found) for key in found[0]}


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return by which power of the size the time grows: least squares through the logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(second) for second in seconds]
    x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / sum((x - x0) ** 2 for x in xs)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--inside"]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    sizes = [int(word) for word in sys.argv[2:]] or list(SIZES)
    print(f"load average {os.getloadavg()[0]:.1f}; the least of {rounds} rounds")
    print(f"{'instances':>9}  {'wall':>8}  {'processor':>9}  {'memory':>8}  {'floor':>8}  {'ratio':>5}")
    times: list[float] = []
    start = 0.0
    with tempfile.TemporaryDirectory(prefix="roboconf-bench-") as temporary:
        for size in [0, *sizes]:
            directory = Path(temporary) / str(size)
            write_application(directory, size)
            loaded, floor = (least(what, directory, rounds) for what in ("load", "floor"))
            assert loaded["number"] == floor["number"] == size, (loaded, floor)
            if size:
                times.append(loaded["processor"] - start)
            else:
                start = loaded["processor"]
            print(
                f"{size:>9}  {loaded['wall']:>6.2f} s  {loaded['processor']:>7.2f} s  {loaded['memory']:>4.0f} MiB"
                f"  {floor['processor']:>6.3f} s  {loaded['processor'] / floor['processor']:>5.0f}"
            )
    if len(sizes) > 1:
        power = exponent(sizes, times)
        print(f"beyond {start:.2f} s for none, processor time grows with the size to the power of {power:.2f}")


main()
