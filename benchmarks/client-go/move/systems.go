package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// template of the pods of all of them.
func (b *bench) template() corev1.PodTemplateSpec {
	annotations := map[string]string{versionKey: "1"}
	if b.options.starts > 0 {
		annotations["pod-ready.stage.kwok.x-k8s.io/delay"] = b.options.starts.String()
	}
	if b.options.ends > 0 {
		annotations["pod-delete.stage.kwok.x-k8s.io/delay"] = b.options.ends.String()
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Annotations: annotations},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To(int64(1)),
			Containers:                    []corev1.Container{{Name: "worker", Image: "registry.k8s.io/pause:3.10"}},
		},
	}
}

func versioned(version string) []byte {
	return merge(object{"spec": object{"template": object{"metadata": object{"annotations": object{versionKey: version}}}}})
}

// --- ProcessHub ---

type hub struct {
	bench    *bench
	space    string
	strategy string // of migration
	factor   int
	selector object // of nodes
}

func childName(number int) string { return fmt.Sprintf("tenant-%04d", number) }

func (h *hub) start(ctx context.Context) error {
	pod, err := runtime.DefaultUnstructuredConverter.ToUnstructured(ptr.To(h.bench.template()))
	if err != nil {
		return err
	}
	redundancy := object{"strategy": "Singularity"}
	if h.factor > 1 {
		redundancy = object{"strategy": "Replication",
			"replication": object{"factor": int64(h.factor), "model": "ActivePassive"}}
	}
	spec := object{
		"nodes":      object{"selector": object{"matchLabels": h.selector}, "joinAfterSeconds": int64(0)},
		"redundancy": redundancy,
		"migration": object{"strategy": h.strategy, "maxConcurrent": h.bench.options.atOnce(),
			"hotSwap": object{"retentionSeconds": h.bench.options.retention}},
		"template": pod,
	}
	if h.bench.budget {
		spec["update"] = object{"maxUnavailable": h.bench.options.atOnce()}
	}
	made := &unstructured.Unstructured{Object: object{
		"apiVersion": "processhub.io/v1alpha1", "kind": "ProcessHub",
		"metadata": object{"name": workload, "namespace": h.space}, "spec": spec,
	}}
	if _, err := h.bench.any.Resource(hubs).Namespace(h.space).Create(ctx, made, metav1.CreateOptions{}); err != nil {
		return err
	}
	return forEach(ctx, h.names(), func(ctx context.Context, name string) error {
		child := &unstructured.Unstructured{Object: object{
			"apiVersion": "processhub.io/v1alpha1", "kind": "ProcessHubChild",
			"metadata": object{"name": name, "namespace": h.space}, "spec": object{"hub": workload},
		}}
		_, err := h.bench.any.Resource(children).Namespace(h.space).Create(ctx, child, metav1.CreateOptions{})
		return err
	})
}

func (h *hub) names() []string {
	names := make([]string, h.bench.options.children)
	for i := range names {
		names[i] = childName(i)
	}
	return names
}

func (h *hub) update(ctx context.Context, version string) error {
	_, err := h.bench.any.Resource(hubs).Namespace(h.space).Patch(ctx, workload, types.MergePatchType, versioned(version), metav1.PatchOptions{})
	return err
}

func (h *hub) settled(ctx context.Context) error {
	return poll(ctx, "all children Running, by their statuses", func() (bool, error) {
		list, err := h.bench.any.Resource(children).Namespace(h.space).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		for _, child := range list.Items {
			phase, _, _ := unstructured.NestedString(child.Object, "status", "phase")
			if _, commanded := child.GetAnnotations()[switchTo]; commanded || phase != "Running" {
				return false, nil
			}
		}
		return true, nil
	})
}

// members of the hub, by its status.
func (h *hub) members(ctx context.Context) (int64, error) {
	got, err := h.bench.any.Resource(hubs).Namespace(h.space).Get(ctx, workload, metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	members, _, err := unstructured.NestedInt64(got.Object, "status", "nodes", "members")
	return members, err
}

// --- its peers ---

var (
	peerLabels = map[string]string{"benchmark": "move"}
	selector   = &metav1.LabelSelector{MatchLabels: peerLabels}
)

func (b *bench) peerTemplate() corev1.PodTemplateSpec {
	template := b.template()
	template.Labels = peerLabels
	template.Spec.NodeSelector = map[string]string{nodeLabel: nodeValue}
	return template
}

func (b *bench) share() *intstr.IntOrString { return ptr.To(intstr.FromString(b.options.atOnce())) }

// peerBudget is what a drain is held to; the operator makes its own.
func (b *bench) peerBudget(ctx context.Context, space string) error {
	_, err := b.typed.PolicyV1().PodDisruptionBudgets(space).Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: workload},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: b.share(), Selector: selector},
	}, metav1.CreateOptions{})
	return err
}

type statefulSet struct {
	bench *bench
	space string
}

func (s *statefulSet) start(ctx context.Context) error {
	_, err := s.bench.typed.AppsV1().StatefulSets(s.space).Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: workload},
		Spec: appsv1.StatefulSetSpec{
			Replicas:            ptr.To(int32(s.bench.options.children)),
			PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector:            selector,
			Template:            s.bench.peerTemplate(),
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{
				Type:          appsv1.RollingUpdateStatefulSetStrategyType,
				RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{MaxUnavailable: s.bench.share()},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return s.bench.peerBudget(ctx, s.space)
}

func (s *statefulSet) update(ctx context.Context, version string) error {
	_, err := s.bench.typed.AppsV1().StatefulSets(s.space).Patch(ctx, workload, types.MergePatchType, versioned(version), metav1.PatchOptions{})
	return err
}

func (s *statefulSet) settled(ctx context.Context) error {
	return poll(ctx, "all Ready and of one revision, by the StatefulSet's status", func() (bool, error) {
		set, err := s.bench.typed.AppsV1().StatefulSets(s.space).Get(ctx, workload, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == *set.Spec.Replicas &&
			set.Status.UpdatedReplicas == *set.Spec.Replicas && set.Status.CurrentRevision == set.Status.UpdateRevision, nil
	})
}

// deployment with a rolling update that ends pods first (as many as `atOnce`), or makes that many
// first.
type deployment struct {
	bench     *bench
	space     string
	makeFirst bool
}

func (d *deployment) start(ctx context.Context) error {
	zero := ptr.To(intstr.FromInt32(0))
	rolling := &appsv1.RollingUpdateDeployment{MaxUnavailable: d.bench.share(), MaxSurge: zero}
	if d.makeFirst {
		rolling = &appsv1.RollingUpdateDeployment{MaxUnavailable: zero, MaxSurge: d.bench.share()}
	}
	_, err := d.bench.typed.AppsV1().Deployments(d.space).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: workload},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(int32(d.bench.options.children)),
			Selector: selector,
			Template: d.bench.peerTemplate(),
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: rolling},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return d.bench.peerBudget(ctx, d.space)
}

func (d *deployment) update(ctx context.Context, version string) error {
	_, err := d.bench.typed.AppsV1().Deployments(d.space).Patch(ctx, workload, types.MergePatchType, versioned(version), metav1.PatchOptions{})
	return err
}

func (d *deployment) settled(ctx context.Context) error {
	return poll(ctx, "all available and new, by the Deployment's status", func() (bool, error) {
		got, err := d.bench.typed.AppsV1().Deployments(d.space).Get(ctx, workload, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		wanted := *got.Spec.Replicas
		return got.Status.ObservedGeneration == got.Generation && got.Status.AvailableReplicas == wanted &&
			got.Status.UpdatedReplicas == wanted && got.Status.Replicas == wanted, nil
	})
}
