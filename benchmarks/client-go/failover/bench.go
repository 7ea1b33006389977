package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"processhub.io/benchmarks/internal/host"
)

const (
	space      = "failover"
	groupLabel = "benchmark" // of nodes: which of our groups uses them
	soon       = time.Minute
)

var (
	errLate  = errors.New("not in time")
	hubs     = schema.GroupVersionResource{Group: "processhub.io", Version: "v1alpha1", Resource: "processhubs"}
	children = schema.GroupVersionResource{Group: "processhub.io", Version: "v1alpha1", Resource: "processhubchildren"}
)

type object = map[string]any

type bench struct {
	options options
	machine *host.Machine
	typed   *kubernetes.Clientset // by protobuf: the watches are to cost little
	any     *dynamic.DynamicClient
	world   *world
	free    []string // nodes that no group has

	single, each, whole []time.Duration            // from the condition to the label
	singleFloors        []time.Duration            // the writes of such a loss, by themselves
	floors              []time.Duration            // the same of a loss of many
	crashes             map[string][]time.Duration // by who takes over
	others              map[string]float64         // by part: cores that others used
}

func newBench(ctx context.Context, o options, machine *host.Machine) (*bench, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	b := &bench{options: o, machine: machine, crashes: map[string][]time.Duration{}, others: map[string]float64{}}
	if b.any, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	if b.typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}
	if _, err = b.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	if b.world, err = watchWorld(ctx, b.typed); err != nil {
		return nil, err
	}
	for name := range b.world.nodes {
		b.free = append(b.free, name)
	}
	slices.Sort(b.free)
	return b, nil
}

// group takes `count` nodes that carry its name as a label from now on.
func (b *bench) group(ctx context.Context, name string, count int) ([]string, error) {
	b.world.mutex.Lock()
	if len(b.free) < count {
		b.world.mutex.Unlock()
		return nil, fmt.Errorf("too few nodes: %s needs %d", name, count)
	}
	nodes := b.free[:count]
	b.free = b.free[count:]
	b.world.mutex.Unlock()
	for _, node := range nodes {
		if err := b.patchNode(ctx, node, types.MergePatchType, labels(object{groupLabel: name})); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

func labels(of object) object { return object{"metadata": object{"labels": of}} }

func (b *bench) patchNode(ctx context.Context, node string, kind types.PatchType, patch object, parts ...string) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = b.typed.CoreV1().Nodes().Patch(ctx, node, kind, body, metav1.PatchOptions{}, parts...)
	return err
}

// silence: from now on nobody renews the node's Lease, or its status.
func (b *bench) silence(ctx context.Context, node string) error {
	if err := b.patchNode(ctx, node, types.MergePatchType, labels(object{"kwok": nil})); err != nil {
		return err
	}
	return b.world.await(ctx, node+" is silent", soon, func() bool { return !b.world.nodes[node].simulated })
}

func (b *bench) speak(ctx context.Context, node string) error {
	return b.patchNode(ctx, node, types.MergePatchType, labels(object{"kwok": "on"}))
}

func (b *bench) setReady(ctx context.Context, node string, ready bool) error {
	now := time.Now().UTC().Format(time.RFC3339)
	condition := object{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
		"message": "Kubelet stopped posting node status.", "lastTransitionTime": now}
	if ready {
		condition = object{"type": "Ready", "status": "True", "reason": "KubeletReady",
			"message": "kubelet is posting ready status", "lastTransitionTime": now, "lastHeartbeatTime": now}
	}
	return b.patchNode(ctx, node, types.StrategicMergePatchType,
		object{"status": object{"conditions": []object{condition}}}, "status")
}

func podTemplate() object {
	return object{"spec": object{
		"terminationGracePeriodSeconds": 1,
		"containers":                    []any{object{"name": "worker", "image": "registry.k8s.io/pause:3.10"}},
	}}
}

// hub makes one of the same name as its group of nodes, with active and passive replicas.
func (b *bench) hub(ctx context.Context, name, strategy, detection string) error {
	hub := &unstructured.Unstructured{Object: object{
		"apiVersion": "processhub.io/v1alpha1", "kind": "ProcessHub",
		"metadata": object{"name": name, "namespace": space},
		"spec": object{
			"nodes":        object{"selector": object{"matchLabels": object{groupLabel: name}}},
			"distribution": object{"strategy": strategy},
			"redundancy": object{"strategy": "Replication",
				"replication": object{"factor": int64(2), "model": "ActivePassive"}},
			"failover": object{"detection": detection},
			"template": podTemplate(),
		},
	}}
	_, err := b.any.Resource(hubs).Namespace(space).Create(ctx, hub, metav1.CreateOptions{})
	return err
}

// family makes `count` children NAME-0 ...; `nodes` are the lists of Guided.
func (b *bench) family(ctx context.Context, hub string, count int, nodes func(int) []any) ([]string, error) {
	names := make([]string, count)
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", hub, i)
		spec := object{"hub": hub}
		if nodes != nil {
			spec["nodes"] = nodes(i)
		}
		child := &unstructured.Unstructured{Object: object{
			"apiVersion": "processhub.io/v1alpha1", "kind": "ProcessHubChild",
			"metadata": object{"name": names[i], "namespace": space}, "spec": spec,
		}}
		group.Go(func() error {
			_, err := b.any.Resource(children).Namespace(space).Create(grouped, child, metav1.CreateOptions{})
			return err
		})
	}
	return names, group.Wait()
}

// rest waits until all is as if no node had ever been lost: every child has two Ready pods, one
// active and one passive, their nodes are well, and the statuses say so.
func (b *bench) rest(ctx context.Context, hub string, names, nodes []string) error {
	const limit = 5 * time.Minute
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	atRest := func() bool {
		roles := map[string]int{}
		for _, pod := range b.world.pods {
			if !wanted[pod.child] {
				continue
			}
			if !pod.ready || pod.going || pod.role != "active" && pod.role != "passive" {
				return false
			}
			roles[pod.role]++
		}
		for _, name := range nodes {
			if node := b.world.nodes[name]; !node.ready || node.tainted || !node.simulated {
				return false
			}
		}
		return roles["active"] == len(names) && roles["passive"] == len(names)
	}
	until := time.Now().Add(limit)
	for time.Now().Before(until) {
		if err := b.world.await(ctx, hub+" at rest", limit, atRest); err != nil {
			return err
		}
		list, err := b.any.Resource(children).Namespace(space).List(ctx, metav1.ListOptions{FieldSelector: "spec.hub=" + hub})
		if err != nil {
			return err
		}
		running := 0
		for _, child := range list.Items {
			phase, _, _ := unstructured.NestedString(child.Object, "status", "phase")
			_, commanded := child.GetAnnotations()[switchTo]
			if phase == "Running" && !commanded {
				running++
			}
		}
		// The node controller or KWOK may be at it still.
		b.world.mutex.Lock()
		quiet, same := time.Since(b.world.last), atRest()
		b.world.mutex.Unlock()
		if running == len(names) && same && quiet > 300*time.Millisecond {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%w: the statuses of %s", errLate, hub)
}
