package main

import (
	"context"
	"fmt"
	"k8s.io/utils/ptr"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// podWatch follows the pods of one namespace that carry the benchmark's label, from
// before the first of them exists, and notes when each step was reached. All kinds are
// timed by this same watch.
type podWatch struct {
	cancel context.CancelFunc

	mutex   sync.Mutex
	pods    map[types.UID]*podSeen
	alive   int
	changed chan struct{}
	ended   error
}

type podSeen struct {
	created, bound, ready time.Time
}

// watchPods: the watch is open when it returns.
func watchPods(ctx context.Context, client *kubernetes.Clientset, namespace string) (*podWatch, error) {
	ctx, cancel := context.WithCancel(ctx)
	options := metav1.ListOptions{LabelSelector: podLabel + "=" + podValue}
	pods := client.CoreV1().Pods(namespace)
	list, err := pods.List(ctx, options)
	if err != nil {
		cancel()
		return nil, err
	}
	options.ResourceVersion = list.ResourceVersion
	options.TimeoutSeconds = ptr.To(int64(3600))
	events, err := pods.Watch(ctx, options)
	if err != nil {
		cancel()
		return nil, err
	}
	w := &podWatch{cancel: cancel, pods: map[types.UID]*podSeen{}, changed: make(chan struct{}, 1)}
	go func() {
		// On a busy machine the API server closes a watch that does not keep up; one goes on
		// from where it was.
		for err == nil {
			for event := range events.ResultChan() {
				pod, ok := event.Object.(*corev1.Pod)
				if !ok {
					err = fmt.Errorf("the watch of pods: %s %v", event.Type, event.Object)
					break
				}
				w.see(pod, event.Type == "DELETED", time.Now())
				options.ResourceVersion = pod.ResourceVersion
			}
			if err == nil {
				events, err = pods.Watch(ctx, options)
			}
		}
		w.mutex.Lock()
		w.ended = err
		w.mutex.Unlock()
		w.tell()
	}()
	return w, nil
}

func (w *podWatch) see(pod *corev1.Pod, deleted bool, now time.Time) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	seen := w.pods[pod.UID]
	if seen == nil {
		seen = &podSeen{created: now}
		w.pods[pod.UID] = seen
		w.alive++
	}
	if deleted {
		w.alive--
	}
	if seen.bound.IsZero() && pod.Spec.NodeName != "" {
		seen.bound = now
	}
	if seen.ready.IsZero() {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				seen.ready = now
			}
		}
	}
	w.tell()
}

func (w *podWatch) tell() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// await waits until `reached`, which is called under the lock.
func (w *podWatch) await(ctx context.Context, what string, reached func() bool) error {
	timeout := time.After(5 * time.Minute)
	for {
		w.mutex.Lock()
		done, ended := reached(), w.ended
		w.mutex.Unlock()
		switch {
		case done:
			return nil
		case ended != nil:
			return ended
		}
		select {
		case <-w.changed:
		case <-timeout:
			return fmt.Errorf("not %s after 5 minutes", what)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *podWatch) awaitReady(ctx context.Context, pods int) error {
	return w.await(ctx, "all Ready", func() bool {
		ready := 0
		for _, seen := range w.pods {
			if !seen.ready.IsZero() {
				ready++
			}
		}
		return ready >= pods
	})
}

func (w *podWatch) awaitGone(ctx context.Context) error {
	return w.await(ctx, "all gone", func() bool { return w.alive == 0 })
}

// steps are the seconds from `began` until the first pod was seen, and until the last
// one was seen, bound and Ready.
type steps struct{ first, created, bound, ready float64 }

func (w *podWatch) steps(began time.Time) steps {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s := steps{first: -1}
	for _, seen := range w.pods {
		created := seen.created.Sub(began).Seconds()
		if s.first < 0 || created < s.first {
			s.first = created
		}
		s.created = max(s.created, created)
		s.bound = max(s.bound, seen.bound.Sub(began).Seconds())
		s.ready = max(s.ready, seen.ready.Sub(began).Seconds())
	}
	return s
}
