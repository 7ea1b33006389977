package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"processhub.io/benchmarks/internal/follow"
)

// world is what two watches say, of the Nodes and of the pods of our namespace, each folded in
// the order of its resourceVersions; an instant is that at which an event was read.
type world struct {
	mutex   sync.Mutex
	changed chan struct{} // closed at the next event
	ended   error

	nodes map[string]*nodeSeen
	pods  map[types.UID]*podSeen
	gains map[string]gain // by child: the last one that became active

	actives map[string]map[types.UID]bool // by child
	events  int                           // of pods
	doubles int                           // after how many of them a child had two actives
	last    time.Time                     // the last of them
}

type nodeSeen struct {
	ready, tainted, simulated bool
	lost                      time.Time // when it was last seen to be no longer Ready
}

type podSeen struct {
	name, child, node, role string
	ready, going            bool
	since                   time.Time // Ready, or not
}

type gain struct {
	pod  types.UID
	node string
	at   time.Time
}

func watchWorld(ctx context.Context, client *kubernetes.Clientset) (*world, error) {
	w := &world{changed: make(chan struct{}), nodes: map[string]*nodeSeen{}, pods: map[types.UID]*podSeen{},
		gains: map[string]gain{}, actives: map[string]map[types.UID]bool{}}
	nodes := client.CoreV1().Nodes()
	listed, err := nodes.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range listed.Items {
		w.seeNode(&listed.Items[i], false, time.Now())
	}
	pods := client.CoreV1().Pods(space)
	none, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	if err := w.follow(ctx, listed.ResourceVersion, nodes.Watch); err != nil {
		return nil, err
	}
	return w, w.follow(ctx, none.ResourceVersion, pods.Watch)
}

// follow: the watch is open when it returns.
func (w *world) follow(ctx context.Context, version string, open follow.Open) error {
	return follow.Start(ctx, metav1.ListOptions{ResourceVersion: version}, open, w.see, func(err error) {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.ended = err
		w.tell()
	})
}

func (w *world) see(event watch.Event, now time.Time) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	defer w.tell()
	gone := event.Type == watch.Deleted
	switch object := event.Object.(type) {
	case *corev1.Node:
		w.seeNode(object, gone, now)
	case *corev1.Pod:
		w.seePod(object, gone, now)
	default:
		return follow.Unexpected(event)
	}
	return nil
}

func (w *world) tell() {
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *world) seeNode(node *corev1.Node, gone bool, now time.Time) {
	if gone {
		delete(w.nodes, node.Name)
		return
	}
	seen := w.nodes[node.Name]
	if seen == nil {
		seen = &nodeSeen{}
		w.nodes[node.Name] = seen
	}
	ready := false
	for _, condition := range node.Status.Conditions {
		ready = ready || condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	}
	if seen.ready && !ready {
		seen.lost = now
	}
	seen.ready = ready
	seen.tainted = len(node.Spec.Taints) > 0
	seen.simulated = node.Labels["kwok"] != ""
}

func (w *world) seePod(pod *corev1.Pod, gone bool, now time.Time) {
	w.events++
	w.last = now
	child := pod.Labels["processhub.io/child"]
	if child == "" {
		child = pod.Labels[groupLabel]
	}
	seen := w.pods[pod.UID]
	if seen == nil {
		seen = &podSeen{since: now}
		w.pods[pod.UID] = seen
	}
	ready := false
	for _, condition := range pod.Status.Conditions {
		ready = ready || condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	}
	if ready != seen.ready {
		seen.since = now
	}
	role := pod.Labels["processhub.io/role"]
	*seen = podSeen{name: pod.Name, child: child, node: pod.Spec.NodeName, role: role, ready: ready,
		going: pod.DeletionTimestamp != nil, since: seen.since}
	actives := w.actives[child]
	if actives == nil {
		actives = map[types.UID]bool{}
		w.actives[child] = actives
	}
	if gone {
		delete(w.pods, pod.UID)
	}
	if role == "active" && !gone {
		if !actives[pod.UID] {
			w.gains[child] = gain{pod: pod.UID, node: pod.Spec.NodeName, at: now}
		}
		actives[pod.UID] = true
	} else {
		delete(actives, pod.UID)
	}
	if len(actives) > 1 {
		w.doubles++
	}
}

// await waits until `reached`, which is called under the lock.
func (w *world) await(ctx context.Context, what string, limit time.Duration, reached func() bool) error {
	timeout := time.After(limit)
	for {
		w.mutex.Lock()
		done, ended, changed := reached(), w.ended, w.changed
		w.mutex.Unlock()
		switch {
		case done:
			return nil
		case ended != nil:
			return ended
		}
		select {
		case <-changed:
		case <-timeout:
			return fmt.Errorf("%w: %s, within %s", errLate, what, limit)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// active is who leads the child now.
func (w *world) active(child string) gain {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.gains[child]
}
