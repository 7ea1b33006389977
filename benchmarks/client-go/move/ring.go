package main

import (
	"encoding/binary"
	"slices"

	"github.com/zeebo/xxh3"
)

// ring is that of docs/ring-v1.md, for one replica and nodes of equal weight: what a join must
// move is computed here, apart from the operator.
type ring []point

type point struct {
	at   uint64
	node string
}

const virtualNodes = 512

func newRing(nodes []string) ring {
	points := make(ring, 0, len(nodes)*virtualNodes)
	for _, node := range nodes {
		var bytes [16]byte
		binary.LittleEndian.PutUint64(bytes[:], xxh3.HashString(node))
		for i := range uint64(virtualNodes) {
			binary.LittleEndian.PutUint64(bytes[8:], i)
			points = append(points, point{xxh3.Hash(bytes[:]), node})
		}
	}
	slices.SortFunc(points, func(a, b point) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	return points
}

// node of the child whose key is `namespace/hub/child`.
func (r ring) node(key string) string {
	position := xxh3.HashString(key)
	first, _ := slices.BinarySearchFunc(r, position, func(p point, position uint64) int {
		if p.at < position {
			return -1
		}
		return 1
	})
	return r[first%len(r)].node
}
