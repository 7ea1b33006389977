"""Places keys with the Python libraries that benchmarks/placement sets beside ours:

    place.py LIBRARY NODES POINTS KEYS FOLDER

What it prints and writes: benchmarks/placement/peers/README.md.
"""
import array
import gc
import json
import statistics
import sys
import time

from uhashring import HashRing

TIMED = 2.0  # seconds of lookups whose speed is taken
PASSED = 4.0  # of lookups whose answers are kept
REPEATS = 0.5  # of builds


class Uhashring:
    def __init__(self, points):
        self.points = points

    def build(self, nodes):
        self.ring = HashRing(nodes=nodes, vnodes=self.points)

    def add(self, node):
        self.ring.add_node(node)

    def remove(self, node):
        self.ring.remove_node(node)

    def one(self, key):
        return self.ring.get_node(key)

    def some(self, key, replicas):
        return [node["nodename"] for node in self.ring.range(key, replicas)]


LIBRARIES = {"uhashring": Uhashring}


def emit(**figures):
    print(json.dumps(figures), flush=True)


def node_name(number):
    return f"node-{number:05}.example"


def resident():
    gc.collect()
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def each(keys, limit, do):
    """Calls do(key) until all keys are done, or the time is up: how many, in which time."""
    began = time.perf_counter()
    for i, key in enumerate(keys, 1):
        do(key)
        if i % 16 == 0 and time.perf_counter() - began > limit:
            break
    return i, time.perf_counter() - began


def build(library, nodes, keys):
    names = [node_name(number) for number in range(1, nodes + 1)]
    took = []
    before = resident()
    began = time.perf_counter()
    while not took or time.perf_counter() - began < REPEATS:
        start = time.perf_counter()
        library.build(names)
        library.one(keys[0])
        took.append(time.perf_counter() - start)
        if len(took) == 1:
            memory = resident() - before
    emit(build=statistics.median(took), memory=memory)


def add(library, number, keys):
    name = node_name(number)
    began = time.perf_counter()
    library.add(name)
    library.one(keys[0])
    return time.perf_counter() - began


def lookups(library, keys):
    for replicas, do in ((1, library.one), (3, lambda key: library.some(key, 3))):
        each(keys, TIMED / 10, do)  # warms up
        count, took = each(keys, TIMED, do)
        emit(replicas=replicas, lookups=count / took)


def place(library, keys, state, folder):
    """Writes the answers to all keys in the present state of the ring."""
    for replicas in (1, 3):
        numbers = array.array("H")

        def keep(key):
            nodes = [library.one(key)] if replicas == 1 else library.some(key, replicas)
            numbers.extend(int(node[5:10]) for node in nodes)
            numbers.extend([0] * (replicas - len(nodes)))

        each(keys, PASSED, keep)
        if sys.byteorder == "big":
            numbers.byteswap()
        with open(f"{folder}/{state}.{replicas}", "wb") as file:
            numbers.tofile(file)
        emit(placed=state, replicas=replicas)


def main(name, nodes, points, count, folder):
    nodes = int(nodes)
    library = LIBRARIES[name](int(points))
    keys = [f"default/hub/child-{i}" for i in range(int(count))]

    build(library, nodes, keys)
    lookups(library, keys)
    place(library, keys, "built", folder)
    added = [add(library, nodes + 1, keys)]
    place(library, keys, "joined", folder)
    library.remove(node_name(nodes // 2))
    place(library, keys, "left", folder)
    began = time.perf_counter()
    while len(added) < 5 and time.perf_counter() - began < PASSED:
        added.append(add(library, nodes + 1 + len(added), keys))
    emit(add=statistics.median(added))


if __name__ == "__main__":
    main(*sys.argv[1:])
