"""ring/v1 a second time, after docs/ring-v1.md and for reading: nothing is fast here.

    ring = Ring([{"name": "node-1"}, {"name": "node-2", "zone": "b", "weight": 50}], 512)
    ring.place("default/workers/tenant-1", 2)   # (["node-2", "node-1"], False)
"""

from bisect import bisect_left

import xxhash


def hash64(text, seed):
    return xxhash.xxh3_64_intdigest(text.encode(), seed=seed)


def point(name, i):
    """Point i of a member."""
    numbers = hash64(name, 0).to_bytes(8, "little") + i.to_bytes(8, "little")
    return xxhash.xxh3_64_intdigest(numbers, seed=0)


def points_of(weight, virtual_nodes):
    """How many points a member has: half a point counts as one, and nobody has none."""
    return max(1, (virtual_nodes * weight + 50) // 100)


class Ring:
    def __init__(self, members, virtual_nodes):
        self.zone_of = {member["name"]: member.get("zone", "") for member in members}
        # Names are compared by their bytes; Python would compare by code points, which gives
        # the same order for UTF-8.
        self.points = sorted(
            (point(member["name"], i), member["name"])
            for member in members
            for i in range(points_of(member.get("weight", 100), virtual_nodes))
        )

    def walk(self, key):
        """All members, each where its first point is met from the key's position on."""
        # ("" is before every name: an equal point is the successor.)
        start = bisect_left(self.points, (hash64(key, 0), ""))
        order = self.points[start:] + self.points[:start]
        return list(dict.fromkeys(name for _, name in order))

    def place(self, key, replicas, excluded=()):
        """The nodes of a child, and whether its zones are less even than they should be."""
        zones = len(set(self.zone_of.values()))
        left = [name for name in self.walk(key) if name not in excluded]
        taken, relaxed = [], False
        while left and len(taken) < replicas:
            held = [self.zone_of[name] for name in taken]
            fewest = min(held.count(self.zone_of[name]) for name in left)
            if fewest > len(taken) // zones:
                relaxed = True
            node = next(name for name in left if held.count(self.zone_of[name]) == fewest)
            left.remove(node)
            taken.append(node)
        return taken, relaxed
