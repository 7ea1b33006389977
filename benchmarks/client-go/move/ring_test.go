package main

import (
	"encoding/json"
	"os"
	"testing"
)

// The vectors of the operator's own tests, as far as they are of equal nodes.
func TestRingIsRingV1(t *testing.T) {
	text, err := os.ReadFile("../../../tests/unit/placement/ring_v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Cases []struct {
			Name         string
			VirtualNodes int
			Members      []struct {
				Name   string
				Weight *int
			}
			Children []struct {
				Key      string
				Excluded []string
				Nodes    []string
			}
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, c := range vectors.Cases {
		var nodes []string
		for _, member := range c.Members {
			if member.Weight == nil {
				nodes = append(nodes, member.Name)
			}
		}
		if c.VirtualNodes != virtualNodes || len(nodes) == 0 || len(nodes) != len(c.Members) {
			continue
		}
		ring := newRing(nodes)
		for _, child := range c.Children {
			if len(child.Excluded) > 0 || len(child.Nodes) == 0 {
				continue
			}
			compared++
			if got := ring.node(child.Key); got != child.Nodes[0] {
				t.Errorf("%s: %s is on %s, not %s", c.Name, child.Key, got, child.Nodes[0])
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d vectors could be compared", compared)
	}
}
