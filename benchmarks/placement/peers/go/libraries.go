package main

import (
	"log"
	"math/big"

	buraksezer "github.com/buraksezer/consistent"
	"github.com/cespare/xxhash/v2"
	stathat "stathat.com/c/consistent"
)

type library interface {
	build(nodes []string)
	add(node string)
	remove(node string)
	one(key string) string
	some(key string, replicas int) []string
}

func find(name string, nodes, points int) library {
	switch name {
	case "stathat":
		return &stathatRing{points: points}
	case "buraksezer":
		// As many partitions as the figures of the keys need: 100 a node, a prime number.
		partitions := 100*nodes + 1
		for !big.NewInt(int64(partitions)).ProbablyPrime(0) {
			partitions++
		}
		return &buraksezerRing{config: buraksezer.Config{
			Hasher: hasher{}, PartitionCount: partitions, ReplicationFactor: points}}
	case "buraksezer-defaults": // 271 partitions, 20 points a node
		return &buraksezerRing{config: buraksezer.Config{Hasher: hasher{}}}
	}
	log.Fatalf("unknown library %s", name)
	return nil
}

type stathatRing struct {
	points int
	ring   *stathat.Consistent
}

func (r *stathatRing) build(nodes []string) {
	r.ring = stathat.New()
	r.ring.NumberOfReplicas = r.points
	r.ring.Set(nodes)
}
func (r *stathatRing) add(node string)    { r.ring.Add(node) }
func (r *stathatRing) remove(node string) { r.ring.Remove(node) }

func (r *stathatRing) one(key string) string {
	node, err := r.ring.Get(key)
	if err != nil {
		log.Fatal(err)
	}
	return node
}

func (r *stathatRing) some(key string, replicas int) []string {
	nodes, err := r.ring.GetN(key, replicas)
	if err != nil {
		log.Fatal(err)
	}
	return nodes
}

type member string

func (m member) String() string { return string(m) }

// The hash of the library's own example.
type hasher struct{}

func (hasher) Sum64(data []byte) uint64 { return xxhash.Sum64(data) }

type buraksezerRing struct {
	config buraksezer.Config
	ring   *buraksezer.Consistent
}

func (r *buraksezerRing) build(nodes []string) {
	members := make([]buraksezer.Member, len(nodes))
	for i, node := range nodes {
		members[i] = member(node)
	}
	r.ring = buraksezer.New(members, r.config)
}
func (r *buraksezerRing) add(node string)       { r.ring.Add(member(node)) }
func (r *buraksezerRing) remove(node string)    { r.ring.Remove(node) }
func (r *buraksezerRing) one(key string) string { return r.ring.LocateKey([]byte(key)).String() }

func (r *buraksezerRing) some(key string, replicas int) []string {
	members, err := r.ring.GetClosestN([]byte(key), replicas)
	if err != nil {
		log.Fatal(err)
	}
	nodes := make([]string, len(members))
	for i, m := range members {
		nodes[i] = m.String()
	}
	return nodes
}
