package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// replace has one system replace its pods: by a rolling update, and by drains of nodes.
func (b *bench) replace(ctx context.Context, system string) error {
	space := "move-" + system
	ours := func(strategy string) *hub {
		return &hub{bench: b, space: space, strategy: strategy, factor: 1, selector: object{nodeLabel: nodeValue}}
	}
	switch system {
	case "hotswap":
		return b.replaceAs(ctx, space, rowHotSwap, ours("HotSwap"), true)
	case "coldswap":
		return b.replaceAs(ctx, space, rowColdSwap, ours("ColdSwap"), true)
	case "statefulset":
		return b.replaceAs(ctx, space, rowStatefulSet, &statefulSet{bench: b, space: space}, false)
	}
	if err := b.replaceAs(ctx, space, rowDeployment, &deployment{bench: b, space: space}, false); err != nil {
		return err
	}
	if !wanted(b.options.only, "update") {
		return nil // a drain is the same with both
	}
	space += "-surge"
	surge := &deployment{bench: b, space: space, makeFirst: true}
	return b.run(ctx, space, surge, 1, false, func(ctx context.Context, r *running) error {
		return r.update(ctx, rowSurge)
	})
}

func (b *bench) replaceAs(ctx context.Context, space, row string, s system, leads bool) error {
	return b.run(ctx, space, s, 1, leads, func(ctx context.Context, r *running) error {
		if wanted(b.options.only, "update") {
			if err := r.update(ctx, row); err != nil {
				return err
			}
		}
		if !wanted(b.options.only, "drain") {
			return nil
		}
		if row == rowDeployment {
			row = rowDrained
		}
		for i := range b.options.drains {
			if err := r.drain(ctx, row, b.nodes[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *running) update(ctx context.Context, row string) error {
	const version = "2"
	places := r.pods.places(anyPod)
	began := r.pods.begin(r.bench.options.children)
	if err := r.system.update(ctx, version); err != nil {
		return err
	}
	ended, err := r.rest(ctx, r.space+": all pods of the new template", func(p *pod) bool { return p.version == version })
	if err != nil {
		return err
	}
	of := r.bench.result(tableUpdate, row)
	r.collect(of, places)
	of.moved += len(places)
	of.took += ended.Sub(began)
	of.say(tableUpdate, row)
	return nil
}

// collect the gaps of these places; or, of a Deployment, of the pods that were replaced.
func (r *running) collect(of *result, places []string) {
	if _, is := r.system.(*deployment); is {
		r.pods.mutex.Lock()
		defer r.pods.mutex.Unlock()
		of.ready = append(of.ready, r.pods.pool.gaps...)
		return
	}
	ready, active := r.pods.gaps(places)
	of.ready = append(of.ready, ready...)
	if r.leads {
		of.active = append(of.active, active...)
	}
}

func (r *running) drain(ctx context.Context, row, node string) error {
	there := r.pods.places(func(p *pod) bool { return p.node == node })
	if len(there) == 0 {
		return fmt.Errorf("%s: no pod is on %s: more children, or fewer nodes", row, node)
	}
	homes := r.homes()
	began := r.pods.begin(r.bench.options.children)
	drained := make(chan error, 1)
	var returned time.Time
	go func() {
		output, err := exec.CommandContext(ctx, "kubectl", "drain", node, "--ignore-daemonsets", "--delete-emptydir-data",
			"--force", "--timeout="+limit.String()).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("kubectl drain %s: %w: %s", node, err, output)
		}
		returned = time.Now()
		drained <- err
	}()
	ended, err := r.rest(ctx, r.space+": all pods Ready off "+node, func(p *pod) bool { return p.node != node })
	if err == nil {
		err = <-drained
	}
	if err != nil {
		return err
	}
	of := r.bench.result(tableDrain, row)
	r.collect(of, there)
	of.moved += len(there)
	of.took += ended.Sub(began)
	of.told = append(of.told, returned.Sub(began))
	of.say(tableDrain, row)
	return r.uncordon(ctx, row, node, there, homes)
}

func (r *running) homes() map[string]string {
	r.pods.mutex.Lock()
	defer r.pods.mutex.Unlock()
	homes := map[string]string{}
	for _, pod := range r.pods.all {
		homes[pod.place] = pod.node
	}
	return homes
}

// uncordon: the children return to where they were, the pods of the others do not.
func (r *running) uncordon(ctx context.Context, row, node string, there []string, homes map[string]string) error {
	patch := merge(object{"spec": object{"unschedulable": nil}})
	began := r.pods.begin(r.bench.options.children)
	_, err := r.bench.typed.CoreV1().Nodes().Patch(ctx, node, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if _, ours := r.system.(*hub); !ours {
		return nil
	}
	ended, err := r.rest(ctx, r.space+": the children are back on "+node, func(p *pod) bool { return p.node == homes[p.place] })
	if err != nil {
		return err
	}
	of := r.bench.result(tableReturn, row)
	r.collect(of, there)
	of.moved += len(there)
	of.took += ended.Sub(began)
	of.say(tableReturn, row)
	return nil
}
