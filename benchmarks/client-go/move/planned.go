package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"processhub.io/benchmarks/internal/figures"
)

// plannedSwitch hands the lead to the standby, by the annotation, of one child after the other,
// and of all at once.
func (b *bench) plannedSwitch(ctx context.Context) error {
	h := &hub{bench: b, space: "move-switch", strategy: "HotSwap", factor: 2, selector: object{nodeLabel: nodeValue}}
	return b.run(ctx, h.space, h, h.factor, true, func(ctx context.Context, r *running) error {
		names := h.names()
		few := names[:min(b.options.single, len(names))]
		for _, step := range []struct {
			table   string
			names   []string
			command func(context.Context, []string, map[string]string) error
			floor   int
		}{
			{tableSingle, few, r.switchEach, 1},
			{tableSwitch, names, r.switchAll, atOnce},
		} {
			if len(step.names) == 0 {
				continue
			}
			to := r.standbys()
			began := r.pods.begin(b.options.children)
			if err := step.command(ctx, step.names, to); err != nil {
				return err
			}
			moved := map[string]bool{}
			for _, name := range step.names {
				moved[name] = true
			}
			ended, err := r.rest(ctx, step.table+": the standbys lead", func(p *pod) bool {
				return !moved[p.place] || p.leads == (p.node == to[p.place])
			})
			if err != nil {
				return err
			}
			of := b.result(step.table, rowHotSwap)
			of.ready, of.active = r.pods.gaps(step.names)
			of.moved = len(step.names)
			if step.table == tableSwitch { // the others wait for each other
				of.took = ended.Sub(began)
			}
			of.say(step.table, "")
			floor, err := r.floor(ctx, step.names, step.floor)
			if err != nil {
				return err
			}
			b.result(step.table, rowFloor).active = floor
			fmt.Fprintf(os.Stderr, "%s: two writes by client-go alone: %s\n", step.table, figures.Spread(floor))
		}
		return nil
	})
}

// standbys: the node of each child's other pod.
func (r *running) standbys() map[string]string {
	r.pods.mutex.Lock()
	defer r.pods.mutex.Unlock()
	to := map[string]string{}
	for _, pod := range r.pods.all {
		if !pod.leads {
			to[pod.place] = pod.node
		}
	}
	return to
}

func (r *running) command(ctx context.Context, name, node string) error {
	_, err := r.bench.any.Resource(children).Namespace(r.space).Patch(ctx, name, types.MergePatchType, annotation(switchTo, node), metav1.PatchOptions{})
	return err
}

func (r *running) switchAll(ctx context.Context, names []string, to map[string]string) error {
	return forEach(ctx, names, func(ctx context.Context, name string) error { return r.command(ctx, name, to[name]) })
}

// switchEach lets each one come to rest before the next.
func (r *running) switchEach(ctx context.Context, names []string, to map[string]string) error {
	for _, name := range names {
		if err := r.command(ctx, name, to[name]); err != nil {
			return err
		}
		_, err := r.pods.await(ctx, "the standby of "+name+" leads", func() bool {
			for _, pod := range r.pods.all {
				if pod.place == name && pod.leads {
					return pod.node == to[name] && time.Since(r.pods.last) > 50*time.Millisecond
				}
			}
			return false
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// floor is what the API server itself needs between the two writes of a switch that this
// benchmark sees: for each child client-go writes to one of its pods, and then to the other one,
// an annotation that means nothing; seen by the same watch.
func (r *running) floor(ctx context.Context, names []string, many int) ([]time.Duration, error) {
	mark := strconv.FormatInt(time.Now().UnixNano(), 10)
	of := map[string][]*pod{}
	r.pods.mutex.Lock()
	for _, pod := range r.pods.all {
		of[pod.place] = append(of[pod.place], pod)
	}
	r.pods.mutex.Unlock()
	err := forEachOf(ctx, names, many, func(ctx context.Context, name string) error {
		for _, pod := range of[name] {
			_, err := r.bench.typed.CoreV1().Pods(r.space).Patch(ctx, pod.name, types.MergePatchType, annotation(markKey, mark), metav1.PatchOptions{})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	_, err = r.pods.await(ctx, "all writes of our own", func() bool {
		times = nil
		for _, name := range names {
			first, second := of[name][0], of[name][1]
			if first.mark != mark || second.mark != mark {
				return false
			}
			times = append(times, second.markedAt.Sub(first.markedAt))
		}
		return true
	})
	return times, err
}
