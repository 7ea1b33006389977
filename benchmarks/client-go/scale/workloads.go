package main

import (
	"context"
	"encoding/json"
	"fmt"
	"k8s.io/utils/ptr"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"processhub.io/benchmarks/internal/host"
)

const (
	podLabel = "benchmark"
	podValue = "scale"
	name     = "scale"
)

var (
	hubs     = schema.GroupVersionResource{Group: "processhub.io", Version: "v1alpha1", Resource: "processhubs"}
	children = schema.GroupVersionResource{Group: "processhub.io", Version: "v1alpha1", Resource: "processhubchildren"}
)

// A kind of run: what is measured, and how.
type kind struct {
	name string
	run  func(context.Context) (run, error)
}

// run is what one run gave.
type run struct {
	steps     steps
	daemons   map[string]float64 // CPU seconds from the start until all were Ready
	told      float64            // seconds until the hub's status counts all children as Ready
	memory    float64            // the operator's peak, MB
	perSecond float64            // of a client
	cpu       float64            // of a client, seconds
	others    float64            // cores that others used meanwhile
}

func (r run) String() string {
	if r.perSecond > 0 {
		return fmt.Sprintf("%.0f pods/s with %.2f s of CPU", r.perSecond, r.cpu)
	}
	text := fmt.Sprintf("%.2f s (first pod %.2f, all created %.2f, bound %.2f)",
		r.steps.ready, r.steps.first, r.steps.created, r.steps.bound)
	text += "; CPU:"
	for _, daemon := range []string{"operator", "kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler", "kwok", "scale"} {
		if seconds, known := r.daemons[daemon]; known {
			text += fmt.Sprintf(" %s %.1f", strings.TrimPrefix(daemon, "kube-"), seconds)
		}
	}
	if r.memory > 0 {
		text += fmt.Sprintf("; told after %.2f s, operator's peak %.0f MB", r.told, r.memory)
	}
	return text
}

type bench struct {
	options options
	machine *host.Machine
	typed   *kubernetes.Clientset // by protobuf
	any     *dynamic.DynamicClient
	runs    map[string][]run
	spaces  int
}

func newBench(o options, m *host.Machine) (*bench, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	b := &bench{options: o, machine: m, runs: map[string][]run{}}
	if b.any, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	config.ContentType = "application/vnd.kubernetes.protobuf" // the watch is to cost little
	if b.typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	return b, nil
}

const (
	kindDaemonSet   = "DaemonSet"
	kindStatefulSet = "StatefulSet"
	kindChildren    = "existing children"
	kindInline      = "inline children"
	kindOurClient   = "our client"
	kindGo          = "client-go, JSON"
	kindGoProtobuf  = "client-go, protobuf"
)

func (b *bench) workloads() []kind {
	return []kind{
		{kindDaemonSet, func(ctx context.Context) (run, error) { return b.peer(ctx, b.daemonSet) }},
		{kindStatefulSet, func(ctx context.Context) (run, error) { return b.peer(ctx, b.statefulSet) }},
		{kindChildren, func(ctx context.Context) (run, error) { return b.withOperator(ctx, true) }},
		{kindInline, func(ctx context.Context) (run, error) { return b.withOperator(ctx, false) }},
	}
}

func (b *bench) clients() []kind {
	return []kind{
		{kindOurClient, func(ctx context.Context) (run, error) { return b.create(ctx, b.options.createPods) }},
		{kindGo, func(ctx context.Context) (run, error) { return b.create(ctx, b.options.goCreate) }},
		{kindGoProtobuf, func(ctx context.Context) (run, error) { return b.create(ctx, b.options.goCreate, "--protobuf") }},
	}
}

// --- namespaces: each run has its own, which goes with all that is in it ---

func (b *bench) newNamespace(ctx context.Context) (string, error) {
	b.spaces++
	space := fmt.Sprintf("scale-%d", b.spaces)
	made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
	if _, err := b.typed.CoreV1().Namespaces().Create(ctx, made, metav1.CreateOptions{}); err != nil {
		return "", err
	}
	// Without this account its pods are refused.
	return space, poll(ctx, "its service account", func() (bool, error) {
		_, err := b.typed.CoreV1().ServiceAccounts(space).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

func (b *bench) removeNamespace(ctx context.Context, space string) error {
	if err := b.typed.CoreV1().Namespaces().Delete(ctx, space, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return poll(ctx, "the end of its namespace", func() (bool, error) {
		_, err := b.typed.CoreV1().Namespaces().Get(ctx, space, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

func poll(ctx context.Context, what string, reached func() (bool, error)) error {
	until := time.Now().Add(3 * time.Minute)
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
	return fmt.Errorf("waited in vain for %s", what)
}

// --- the peers ---

func template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{podLabel: podValue}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name:  "main",
			Image: "registry.k8s.io/pause:3.10",
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("16Mi")}},
		}}},
	}
}

func (b *bench) daemonSet(ctx context.Context, space string) error {
	_, err := b.typed.AppsV1().DaemonSets(space).Create(ctx, &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{podLabel: podValue}},
			Template: template(),
		},
	}, metav1.CreateOptions{})
	return err
}

func (b *bench) statefulSet(ctx context.Context, space string) error {
	_, err := b.typed.AppsV1().StatefulSets(space).Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.StatefulSetSpec{
			Replicas:            ptr.To(int32(b.options.children)),
			PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector:            &metav1.LabelSelector{MatchLabels: map[string]string{podLabel: podValue}},
			Template:            template(),
		},
	}, metav1.CreateOptions{})
	return err
}

// workload measures from `start`, which begins what is to bring the pods up, until all
// are Ready; then everything is deleted. `ready` runs in between.
func (b *bench) workload(ctx context.Context, space string, start func(context.Context, string) error, ready func(time.Time, *run) error) (run, error) {
	pods, err := watchPods(ctx, b.typed, space)
	if err != nil {
		return run{}, err
	}
	defer pods.cancel()
	b.machine.AwaitQuiet(ctx)
	before := b.machine.Sample()
	if err := start(ctx, space); err != nil {
		return run{}, err
	}
	if err := pods.awaitReady(ctx, b.options.children); err != nil {
		return run{}, err
	}
	after := b.machine.Sample()
	r := run{steps: pods.steps(before.At), daemons: after.DaemonsSince(before), others: after.OthersSince(before)}
	if err := ready(before.At, &r); err != nil {
		return run{}, err
	}
	if err := b.clear(ctx, space); err != nil {
		return run{}, err
	}
	if err := pods.awaitGone(ctx); err != nil {
		return run{}, err
	}
	return r, b.removeNamespace(ctx, space)
}

func (b *bench) peer(ctx context.Context, start func(context.Context, string) error) (run, error) {
	space, err := b.newNamespace(ctx)
	if err != nil {
		return run{}, err
	}
	return b.workload(ctx, space, start, func(time.Time, *run) error { return nil })
}

// clear deletes what owns the pods, and the children.
func (b *bench) clear(ctx context.Context, space string) error {
	background := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)}
	deletions := []error{
		b.typed.AppsV1().DaemonSets(space).Delete(ctx, name, background),
		b.typed.AppsV1().StatefulSets(space).Delete(ctx, name, background),
		b.any.Resource(hubs).Namespace(space).Delete(ctx, name, background),
		b.any.Resource(children).Namespace(space).DeleteCollection(ctx, background, metav1.ListOptions{}),
	}
	for _, err := range deletions {
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// --- ProcessHub ---

func (b *bench) hub(space string, inline bool) (*unstructured.Unstructured, error) {
	pod, err := runtime.DefaultUnstructuredConverter.ToUnstructured(ptr.To(template()))
	if err != nil {
		return nil, err
	}
	spec := map[string]any{"template": pod}
	if inline {
		list := make([]any, b.options.children)
		for i := range list {
			list[i] = map[string]any{"name": childName(i)}
		}
		spec["children"] = list
	} else {
		spec["paused"] = true
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "processhub.io/v1alpha1",
		"kind":       "ProcessHub",
		"metadata":   map[string]any{"name": name, "namespace": space},
		"spec":       spec,
	}}, nil
}

func childName(number int) string { return fmt.Sprintf("child-%04d", number) }

func (b *bench) withOperator(ctx context.Context, existing bool) (run, error) {
	space, err := b.newNamespace(ctx)
	if err != nil {
		return run{}, err
	}
	o, err := host.StartOperator(ctx, b.options.operator, b.options.flags, b.options.log)
	if err != nil {
		return run{}, err
	}
	b.machine.Watch("operator", o.PID())
	defer func() {
		b.machine.Unwatch("operator")
		o.Stop()
	}()

	start := b.applyHub
	if existing {
		if err := b.pausedHub(ctx, space); err != nil {
			return run{}, err
		}
		start = b.endPause
	}
	return b.workload(ctx, space, start, func(began time.Time, r *run) error {
		err := b.awaitCount(ctx, space, "ready")
		r.told = time.Since(began).Seconds()
		r.memory = host.PeakMemory(o.PID())
		return err
	})
}

func (b *bench) applyHub(ctx context.Context, space string) error {
	hub, err := b.hub(space, true)
	if err != nil {
		return err
	}
	_, err = b.any.Resource(hubs).Namespace(space).Apply(ctx, name, hub, metav1.ApplyOptions{FieldManager: "scale"})
	return err
}

// pausedHub makes a hub and its children, and waits until the operator has seen them.
func (b *bench) pausedHub(ctx context.Context, space string) error {
	hub, err := b.hub(space, false)
	if err != nil {
		return err
	}
	if _, err := b.any.Resource(hubs).Namespace(space).Create(ctx, hub, metav1.CreateOptions{}); err != nil {
		return err
	}
	group, creating := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range b.options.children {
		group.Go(func() error {
			child := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "processhub.io/v1alpha1",
				"kind":       "ProcessHubChild",
				"metadata":   map[string]any{"name": childName(i), "namespace": space},
				"spec":       map[string]any{"hub": name},
			}}
			_, err := b.any.Resource(children).Namespace(space).Create(creating, child, metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return b.awaitCount(ctx, space, "total")
}

// awaitCount waits until that count of the hub's children, in its status, is of all.
func (b *bench) awaitCount(ctx context.Context, space, count string) error {
	return poll(ctx, "the hub to count its children as "+count, func() (bool, error) {
		hub, err := b.any.Resource(hubs).Namespace(space).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		found, _, err := unstructured.NestedInt64(hub.Object, "status", "children", count)
		return found == int64(b.options.children), err
	})
}

func (b *bench) endPause(ctx context.Context, space string) error {
	patch := []byte(`{"spec":{"paused":false}}`)
	_, err := b.any.Resource(hubs).Namespace(space).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// --- the clients ---

func (b *bench) create(ctx context.Context, binary string, arguments ...string) (run, error) {
	space, err := b.newNamespace(ctx)
	if err != nil {
		return run{}, err
	}
	b.machine.AwaitQuiet(ctx)
	arguments = append(arguments, "--namespace", space, "--pods", fmt.Sprint(b.options.pods))
	command := exec.CommandContext(ctx, binary, arguments...)
	command.Stderr = os.Stderr
	before := b.machine.Sample()
	output, err := command.Output()
	if err != nil {
		return run{}, err
	}
	others := b.machine.Sample().OthersSince(before)
	var result struct{ PerSecond, CPUSeconds float64 }
	if err := json.Unmarshal(output, &result); err != nil {
		return run{}, err
	}
	return run{perSecond: result.PerSecond, cpu: result.CPUSeconds, others: others}, b.removeNamespace(ctx, space)
}
