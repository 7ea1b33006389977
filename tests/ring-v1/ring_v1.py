"""ring/v1: which nodes a child belongs to (without bounds).

    >>> ring = Ring([{"name": "node-1", "zone": "a"},
    ...              {"name": "node-2", "zone": "a", "weight": 150},
    ...              {"name": "node-3", "zone": "b"}], virtual_nodes=2)
    >>> ring.place("shop/orders/us", 2)
    (['node-3', 'node-2'], False)
    >>> ring.place("shop/orders/us", 2, excluded=["node-3"])
    (['node-2', 'node-1'], True)
"""
from bisect import bisect_left

import xxhash


def _hash(data: bytes, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(data, seed)


def hash64(text: str, seed: int) -> int:
    """H of the text's bytes in UTF-8."""
    return _hash(text.encode("utf-8"), seed)


def point(name: str, i: int) -> int:
    """Point i (from 0 on) of the member with that name."""
    return _hash(hash64(name, 0).to_bytes(8, "little") + i.to_bytes(8, "little"), 0)


def point_count(weight: int, virtual_nodes: int) -> int:
    """Number of points of a member: weight percent of virtual_nodes, at least 1."""
    return max(1, (virtual_nodes * weight + 50) // 100)


class Ring:
    def __init__(self, members: list[dict], virtual_nodes: int):
        if not 1 <= virtual_nodes <= 4096:
            raise ValueError("virtual_nodes must be 1 to 4096")
        self._zone: dict[str, str] = {}
        points = []
        for member in members:
            name, weight = member["name"], member.get("weight", 100)
            name_bytes = name.encode("utf-8")
            if name in self._zone:
                raise ValueError(f"two members are named {name!r}")
            if not 1 <= len(name_bytes) <= 253:
                raise ValueError(f"name {name!r} must have 1 to 253 bytes")
            if not 1 <= weight <= 10000:
                raise ValueError(f"weight of {name!r} must be 1 to 10000")
            self._zone[name] = member.get("zone") or ""
            for i in range(point_count(weight, virtual_nodes)):
                points.append((point(name, i), name_bytes, name))
        points.sort()  # by position, equal ones by the bytes of the name
        self._positions = [position for position, _, _ in points]
        self._names = [name for _, _, name in points]

    def walk(self, key: str) -> list[str]:
        """All members in the order in which the key's walk meets them."""
        start = bisect_left(self._positions, hash64(key, 0))  # first point not less
        return list(dict.fromkeys(self._names[start:] + self._names[:start]))

    def place(self, key: str, replicas: int, excluded=()) -> tuple[list[str], bool]:
        """The nodes of a child in the order taken, and whether zones are relaxed."""
        if replicas < 0:
            raise ValueError("replicas must be 0 or more")
        zone_of = self._zone
        zones = len(set(zone_of.values()))  # before exclusions
        held = dict.fromkeys(zone_of.values(), 0)  # replicas per zone so far
        barred = set(excluded)
        usable = [name for name in self.walk(key) if name not in barred]
        nodes: list[str] = []
        relaxed = False
        while usable and len(nodes) < replicas:
            fewest = min(held[zone_of[name]] for name in usable)
            relaxed = relaxed or fewest > len(nodes) // zones
            node = next(name for name in usable if held[zone_of[name]] == fewest)
            usable.remove(node)
            held[zone_of[node]] += 1
            nodes.append(node)
        return nodes, relaxed
