package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// joins is what all of them together gave.
type joins struct {
	count, nodes   int     // nodes there were before the first
	moves, minimum int     // children that moved, and that had to
	share          float64 // the sum of an equal share of each new node
}

// join has machines join all nodes of the cluster, one after the other.
func (b *bench) join(ctx context.Context) error {
	all, err := b.typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var nodes []string
	for _, node := range all.Items {
		nodes = append(nodes, node.Name)
	}
	b.joins.nodes = len(nodes)
	h := &hub{bench: b, space: "move-join", strategy: "HotSwap", factor: 1, selector: object{"kwok": "on"}}
	return b.run(ctx, h.space, h, 1, true, func(ctx context.Context, r *running) error {
		for i := range b.options.joins {
			joined := fmt.Sprintf("joined-%d", i+1)
			if err := r.joinOne(ctx, h, nodes, joined); err != nil {
				return err
			}
			nodes = append(nodes, joined)
		}
		return nil
	})
}

func (r *running) joinOne(ctx context.Context, h *hub, nodes []string, joined string) error {
	b := r.bench
	before, after := newRing(nodes), newRing(append(nodes, joined))
	expected := map[string]string{}
	var must []string
	for _, name := range h.names() {
		key := h.space + "/" + workload + "/" + name
		expected[name] = after.node(key)
		if expected[name] != before.node(key) {
			must = append(must, name)
		}
	}
	r.pods.begin(b.options.children)
	r.pods.mutex.Lock()
	created := r.pods.created
	r.pods.mutex.Unlock()
	name := filepath.Base(os.Getenv("PROCESSHUB_CLUSTER"))
	output, err := exec.CommandContext(ctx, b.options.cluster, "nodes", "add", "--name", name, joined).CombinedOutput()
	if err != nil {
		return fmt.Errorf("the join of %s: %w: %s", joined, err, output)
	}
	err = poll(ctx, joined+" is a member of the hub", func() (bool, error) {
		members, err := h.members(ctx)
		return members == int64(len(nodes)+1), err
	})
	if err != nil {
		return err
	}
	ended, err := r.rest(ctx, "all children where the ring with "+joined+" has them", func(p *pod) bool { return p.node == expected[p.place] })
	if err != nil {
		return err
	}
	if err := r.pods.awaitQuiet(ctx, 2*time.Second); err != nil { // nothing else moves
		return err
	}
	r.pods.mutex.Lock()
	moves, first := r.pods.created-created, r.pods.first
	r.pods.mutex.Unlock()
	b.joins.count++
	b.joins.moves += moves
	b.joins.minimum += len(must)
	b.joins.share += float64(b.options.children) / float64(len(nodes)+1)
	fmt.Fprintf(os.Stderr, "join of %s to %d nodes: %d children moved, %d had to\n", joined, len(nodes), moves, len(must))
	if moves == 0 {
		return nil
	}
	of := b.result(tableJoin, rowHotSwap)
	r.collect(of, must)
	of.moved += moves
	of.took += ended.Sub(first)
	return nil
}
