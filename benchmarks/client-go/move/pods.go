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

// pods is what a watch of one namespace says, from before its first pod, folded in the order of
// the resourceVersions; an instant is that at which an event was read.
type pods struct {
	mutex sync.Mutex
	ended error
	stop  context.CancelFunc

	all     map[types.UID]*pod
	ready   map[string]*gauge // by place
	active  map[string]*gauge
	pool    *pool     // instead of places, for pods without names of their own
	created int       // pods ever seen
	first   time.Time // the first event since `begin`
	last    time.Time

	labelled map[string]int // by place: pods labelled active, those that are being deleted too
	events   int
	doubles  int // after how many of them a place had two of those
}

type pod struct {
	name, place, node, role, version string

	ready, going, labelled, serves, leads bool

	mark     string // that of a write of our own
	markedAt time.Time
}

func watchPods(ctx context.Context, client *kubernetes.Clientset, space string) (*pods, error) {
	ctx, stop := context.WithCancel(ctx)
	p := &pods{stop: stop, all: map[types.UID]*pod{}, ready: map[string]*gauge{},
		active: map[string]*gauge{}, labelled: map[string]int{}, pool: &pool{}}
	none, err := client.CoreV1().Pods(space).List(ctx, metav1.ListOptions{})
	if err == nil {
		options := metav1.ListOptions{ResourceVersion: none.ResourceVersion}
		err = follow.Start(ctx, options, client.CoreV1().Pods(space).Watch, p.see, func(err error) {
			p.mutex.Lock()
			defer p.mutex.Unlock()
			p.ended = err
		})
	}
	if err != nil {
		stop()
	}
	return p, err
}

// place is whose pods take each other's place: a child's, those of one name in a StatefulSet.
func place(pod *corev1.Pod) string {
	if child := pod.Labels["processhub.io/child"]; child != "" {
		return child
	}
	return pod.Name
}

func (p *pods) see(event watch.Event, now time.Time) error {
	object, is := event.Object.(*corev1.Pod)
	if !is {
		return follow.Unexpected(event)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	gone := event.Type == watch.Deleted
	p.events++
	p.last = now
	if p.first.IsZero() {
		p.first = now
	}
	seen := p.all[object.UID]
	if seen == nil {
		seen = &pod{name: object.Name, place: place(object)}
		p.all[object.UID] = seen
		p.created++
		if p.ready[seen.place] == nil {
			p.ready[seen.place], p.active[seen.place] = &gauge{since: now}, &gauge{since: now}
		}
	}
	if gone {
		delete(p.all, object.UID)
	}
	seen.ready = false
	for _, condition := range object.Status.Conditions {
		seen.ready = seen.ready || condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	}
	seen.node = object.Spec.NodeName
	seen.role = object.Labels["processhub.io/role"]
	seen.version = object.Annotations[versionKey]
	seen.going = gone || object.DeletionTimestamp != nil
	if mark := object.Annotations[markKey]; mark != seen.mark {
		seen.mark, seen.markedAt = mark, now
	}

	if changed := becomes(&seen.serves, seen.ready && !seen.going); changed != 0 {
		p.ready[seen.place].change(changed, now)
		p.pool.change(changed, now)
	}
	if changed := becomes(&seen.leads, seen.role == "active" && !seen.going); changed != 0 {
		p.active[seen.place].change(changed, now)
	}
	p.labelled[seen.place] += becomes(&seen.labelled, seen.role == "active" && !gone)
	if p.labelled[seen.place] > 1 {
		p.doubles++
	}
	return nil
}

// becomes sets a fact, and tells by how much that changes the number of those it is true of.
func becomes(fact *bool, value bool) int {
	before := *fact
	*fact = value
	switch {
	case value && !before:
		return 1
	case before && !value:
		return -1
	}
	return 0
}

// begin: what is measured begins now.
func (p *pods) begin(replicas int) time.Time {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := time.Now()
	for _, gauges := range []map[string]*gauge{p.ready, p.active} {
		for _, gauge := range gauges {
			gauge.begin(now)
		}
	}
	p.pool.begin(replicas)
	p.first, p.last = time.Time{}, now
	return now
}

// gaps are how long each of the places has been without a Ready pod, and without an active one,
// since `begin`.
func (p *pods) gaps(places []string) (ready, active []time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	now := time.Now()
	for _, place := range places {
		ready = append(ready, p.ready[place].total(now))
		active = append(active, p.active[place].total(now))
	}
	return ready, active
}

// places that satisfying pods have.
func (p *pods) places(satisfying func(*pod) bool) []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	seen := map[string]bool{}
	var places []string
	for _, pod := range p.all {
		if !pod.going && satisfying(pod) && !seen[pod.place] {
			seen[pod.place] = true
			places = append(places, pod.place)
		}
	}
	return places
}

// await waits until `reached`, which is called under the lock, and returns when the last event
// before that was read. It looks every few milliseconds, so that the watch is not kept waiting.
func (p *pods) await(ctx context.Context, what string, reached func() bool) (time.Time, error) {
	const often = 10 * time.Millisecond
	until := time.Now().Add(limit)
	for {
		p.mutex.Lock()
		done, ended, last := reached(), p.ended, p.last
		p.mutex.Unlock()
		switch {
		case done:
			return last, nil
		case ended != nil:
			return last, ended
		case time.Now().After(until):
			return last, fmt.Errorf("not within %s: %s", limit, what)
		}
		select {
		case <-time.After(often):
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
}

// awaitQuiet waits until no pod has changed for a while.
func (p *pods) awaitQuiet(ctx context.Context, quiet time.Duration) error {
	_, err := p.await(ctx, "no more changes of pods", func() bool { return time.Since(p.last) > quiet })
	return err
}
