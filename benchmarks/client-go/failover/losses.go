package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"processhub.io/benchmarks/internal/figures"
)

const switchTo = "processhub.io/switch-to"

// lose makes a node not Ready, and returns how long after that was seen each of the children
// was seen to be led by another pod. The node is well again then.
func (b *bench) lose(ctx context.Context, node string, names []string) ([]time.Duration, error) {
	w := b.world
	before := map[string]types.UID{}
	for _, name := range names {
		before[name] = w.active(name).pod
	}
	if err := b.silence(ctx, node); err != nil {
		return nil, err
	}
	time.Sleep(200 * time.Millisecond) // the change of its label is nothing to be measured
	if err := b.setReady(ctx, node, false); err != nil {
		return nil, err
	}
	err := w.await(ctx, "a new active for each of "+node, soon, func() bool {
		if w.nodes[node].ready {
			return false
		}
		for _, name := range names {
			if w.gains[name].pod == before[name] {
				return false
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	times := make([]time.Duration, len(names))
	w.mutex.Lock()
	for i, name := range names {
		times[i] = w.gains[name].at.Sub(w.nodes[node].lost)
	}
	w.mutex.Unlock()
	if err := b.setReady(ctx, node, true); err != nil {
		return nil, err
	}
	return times, b.speak(ctx, node)
}

func (b *bench) one(ctx context.Context) error {
	nodes, err := b.group(ctx, "one", 3)
	if err != nil {
		return err
	}
	if err := b.hub(ctx, "one", "ConsistentHashing", "NodeReady"); err != nil {
		return err
	}
	names, err := b.family(ctx, "one", 1, nil)
	if err != nil {
		return err
	}
	for range b.options.losses {
		if err := b.rest(ctx, "one", names, nodes); err != nil {
			return err
		}
		times, err := b.lose(ctx, b.world.active(names[0]).node, names)
		if err != nil {
			return err
		}
		b.single = append(b.single, times...)
		if err := b.rest(ctx, "one", names, nodes); err != nil {
			return err
		}
		floor, err := b.floor(ctx, names)
		if err != nil {
			return err
		}
		b.singleFloors = append(b.singleFloors, floor)
	}
	fmt.Fprintf(os.Stderr, "one: %s\n", figures.Spread(b.single))
	fmt.Fprintf(os.Stderr, "one: the same writes by client-go alone: %s\n", figures.Spread(b.singleFloors))
	return b.rest(ctx, "one", names, nodes)
}

// hundred: ten nodes, each with a tenth of the actives and the standbys of another one's.
func (b *bench) hundred(ctx context.Context) error {
	nodes, err := b.group(ctx, "hundred", 10)
	if err != nil {
		return err
	}
	if err := b.hub(ctx, "hundred", "Guided", "NodeReady"); err != nil {
		return err
	}
	home := func(i int) string { return nodes[i%10] }
	names, err := b.family(ctx, "hundred", b.options.children, func(i int) []any {
		return []any{home(i), home(i + 1)}
	})
	if err != nil {
		return err
	}
	goHome := func() error {
		for {
			if err := b.rest(ctx, "hundred", names, nodes); err != nil {
				return err
			}
			astray, err := b.sendHome(ctx, names, home)
			if err != nil || astray == 0 {
				return err
			}
		}
	}
	if err := goHome(); err != nil {
		return err
	}
	for round := range b.options.massLosses {
		var there []string
		for i := round % 10; i < len(names); i += 10 {
			there = append(there, names[i])
		}
		before := b.machine.Sample()
		times, err := b.lose(ctx, home(round), there)
		if err != nil {
			return err
		}
		sample := b.machine.Sample()
		b.each = append(b.each, times...)
		last := figures.Highest(times)
		b.whole = append(b.whole, last)
		fmt.Fprintf(os.Stderr, "hundred: %s; others used %.2f cores; CPU %v\n", figures.Spread(times), sample.OthersSince(before), sample.DaemonsSince(before))
		if err := goHome(); err != nil {
			return err
		}
		floor, err := b.floor(ctx, there)
		if err != nil {
			return err
		}
		b.floors = append(b.floors, floor)
		fmt.Fprintf(os.Stderr, "hundred: the same writes by client-go alone: %.1f ms\n", figures.Milliseconds(floor))
	}
	return nil
}

// sendHome commands the actives back to where they were; it returns how many were elsewhere.
func (b *bench) sendHome(ctx context.Context, names []string, home func(int) string) (int, error) {
	astray := 0
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, name := range names {
		if b.world.active(name).node == home(i) {
			continue
		}
		astray++
		patch, err := json.Marshal(object{"metadata": object{"annotations": object{switchTo: home(i)}}})
		if err != nil {
			return 0, err
		}
		group.Go(func() error {
			_, err := b.any.Resource(children).Namespace(space).Patch(grouped, name, types.MergePatchType, patch, metav1.PatchOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil || astray == 0 {
		return astray, err
	}
	return astray, b.world.await(ctx, "the actives are at home", soon, func() bool {
		for i, name := range names {
			if b.world.gains[name].node != home(i) {
				return false
			}
		}
		return true
	})
}
