package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"

	"processhub.io/benchmarks/internal/host"
)

const (
	workload   = "workers"   // the hub, the StatefulSet, the Deployment: each in a namespace of its own
	nodeLabel  = "benchmark" // of the nodes that they use, but for the joins
	nodeValue  = "move"
	versionKey = "benchmark/version" // of the template
	markKey    = "benchmark/mark"    // an annotation that means nothing to anybody
	switchTo   = "processhub.io/switch-to"
	limit      = 8 * time.Minute // for one step
	atOnce     = 32              // requests in flight
)

var (
	hubs     = schema.GroupVersionResource{Group: "processhub.io", Version: "v1alpha1", Resource: "processhubs"}
	children = schema.GroupVersionResource{Group: "processhub.io", Version: "v1alpha1", Resource: "processhubchildren"}
	crds     = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

type object = map[string]any

type bench struct {
	options options
	machine *host.Machine
	typed   *kubernetes.Clientset // by protobuf: the watch is to cost little
	any     *dynamic.DynamicClient
	nodes   []string // with our label
	budget  bool     // the CRD has spec.update.maxUnavailable

	results map[string]*result // by table and row
	joins   joins
	doubles int
	events  int
	others  []string // what others used, by part
}

func newBench(ctx context.Context, o options, machine *host.Machine) (*bench, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	b := &bench{options: o, machine: machine, results: map[string]*result{}}
	if b.any, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	if b.typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if b.budget, err = b.hasUpdateBudget(ctx); err != nil {
		return nil, err
	}
	all, err := b.typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	if len(all.Items) < o.nodes {
		return nil, fmt.Errorf("%d nodes are needed, and there are %d", o.nodes, len(all.Items))
	}
	for _, node := range all.Items {
		b.nodes = append(b.nodes, node.Name)
	}
	slices.Sort(b.nodes)
	b.nodes = b.nodes[:o.nodes]
	for _, node := range b.nodes {
		patch := merge(object{"metadata": object{"labels": object{nodeLabel: nodeValue}}})
		if _, err := b.typed.CoreV1().Nodes().Patch(ctx, node, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// hasUpdateBudget: whether the hub says how many children get a new template at once, or only
// how many move at once.
func (b *bench) hasUpdateBudget(ctx context.Context) (bool, error) {
	crd, err := b.any.Resource(crds).Get(ctx, "processhubs.processhub.io", metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, version := range versions {
		_, found, _ := unstructured.NestedMap(version.(object), "schema", "openAPIV3Schema", "properties",
			"spec", "properties", "update", "properties", "maxUnavailable")
		if found {
			return true, nil
		}
	}
	return false, err
}

func merge(patch object) []byte {
	body, err := json.Marshal(patch)
	if err != nil {
		panic(err) // of strings and numbers
	}
	return body
}

func annotation(key, value string) []byte {
	return merge(object{"metadata": object{"annotations": object{key: value}}})
}

// --- namespaces: each workload has its own, which goes with all that is in it ---

func (b *bench) newSpace(ctx context.Context, space string) (*pods, error) {
	made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
	if _, err := b.typed.CoreV1().Namespaces().Create(ctx, made, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	// Without this account its pods are refused.
	err := poll(ctx, "the service account of "+space, func() (bool, error) {
		_, err := b.typed.CoreV1().ServiceAccounts(space).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	return watchPods(ctx, b.typed, space)
}

func (b *bench) removeSpace(ctx context.Context, space string, watched *pods) error {
	defer watched.stop()
	background := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)}
	for _, err := range []error{
		b.typed.AppsV1().Deployments(space).Delete(ctx, workload, background),
		b.typed.AppsV1().StatefulSets(space).Delete(ctx, workload, background),
		b.any.Resource(hubs).Namespace(space).Delete(ctx, workload, background),
		b.any.Resource(children).Namespace(space).DeleteCollection(ctx, background, metav1.ListOptions{}),
	} {
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	if _, err := watched.await(ctx, "the end of all pods of "+space, func() bool { return len(watched.all) == 0 }); err != nil {
		return err
	}
	watched.mutex.Lock()
	b.doubles += watched.doubles
	b.events += watched.events
	watched.mutex.Unlock()
	if err := b.typed.CoreV1().Namespaces().Delete(ctx, space, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return poll(ctx, "the end of "+space, func() (bool, error) {
		_, err := b.typed.CoreV1().Namespaces().Get(ctx, space, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

func poll(ctx context.Context, what string, reached func() (bool, error)) error {
	until := time.Now().Add(limit)
	for time.Now().Before(until) {
		if done, err := reached(); done || err != nil {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("not within %s: %s", limit, what)
}

// --- a workload, whoever runs it ---

// system runs `replicas` places with `factor` pods each.
type system interface {
	start(ctx context.Context) error
	update(ctx context.Context, version string) error
	settled(ctx context.Context) error // waits until it says of itself that nothing is under way
}

type running struct {
	bench  *bench
	space  string
	system system
	pods   *pods
	factor int // pods of each place
	leads  bool
}

func (b *bench) run(ctx context.Context, space string, s system, factor int, leads bool,
	measure func(context.Context, *running) error) error {
	watched, err := b.newSpace(ctx, space)
	if err != nil {
		return err
	}
	r := &running{bench: b, space: space, system: s, pods: watched, factor: factor, leads: leads}
	if err := s.start(ctx); err != nil {
		return err
	}
	if _, err := r.rest(ctx, space+": all pods Ready", anyPod); err != nil {
		return err
	}
	if err := measure(ctx, r); err != nil {
		return err
	}
	return b.removeSpace(ctx, space, watched)
}

func anyPod(*pod) bool { return true }

// rest waits until the workload has all its pods, each of them as it should be, and nothing is
// under way any more. It returns when the pods were first seen so.
func (r *running) rest(ctx context.Context, what string, should func(*pod) bool) (time.Time, error) {
	count := r.bench.options.children
	atRest := func() bool {
		if len(r.pods.all) != count*r.factor {
			return false
		}
		leading := 0
		for _, pod := range r.pods.all {
			if !pod.serves || !should(pod) {
				return false
			}
			if pod.leads {
				leading++
			}
		}
		return !r.leads || leading == count
	}
	at, err := r.pods.await(ctx, what, atRest)
	if err != nil {
		return at, err
	}
	if err := r.system.settled(ctx); err != nil {
		return at, fmt.Errorf("%s: %w", what, err)
	}
	if err := r.pods.awaitQuiet(ctx, 300*time.Millisecond); err != nil {
		return at, fmt.Errorf("%s: %w", what, err)
	}
	r.pods.mutex.Lock()
	defer r.pods.mutex.Unlock()
	if !atRest() {
		return at, fmt.Errorf("%s: they were, and are not any more", what)
	}
	return at, nil
}

// --- for each of many ---

func forEach(ctx context.Context, names []string, do func(context.Context, string) error) error {
	return forEachOf(ctx, names, atOnce, do)
}

// forEachOf, `many` at a time.
func forEachOf(ctx context.Context, names []string, many int, do func(context.Context, string) error) error {
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(many)
	for _, name := range names {
		group.Go(func() error { return do(grouped, name) })
	}
	return group.Wait()
}
