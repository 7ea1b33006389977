package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Who takes over.
const (
	byReady      = "ProcessHub"
	byLease      = "**ProcessHub**, detection: NodeLease"
	byProbe      = "**ProcessHub**, detection: NodeProbe"
	byDeployment = "Deployment, 1 replica"
	bySet        = "StatefulSet, 1 replica"
	byElection   = "Pair with a Lease (client-go)"
)

// crash: all at once, on nodes of their own, as most of it is waiting.
func (b *bench) crash(ctx context.Context) error {
	group, grouped := errgroup.WithContext(ctx)
	for _, one := range []struct{ hub, detection, name string }{
		{"ready", "NodeReady", byReady}, {"lease", "NodeLease", byLease}, {"probe", "NodeProbe", byProbe},
	} {
		nodes, err := b.group(ctx, one.hub, 3)
		if err != nil {
			return err
		}
		var kubelets *kubelets
		if one.hub == "probe" {
			if kubelets, err = b.listen(ctx, nodes); err != nil {
				return err
			}
		}
		if err := b.hub(ctx, one.hub, "ConsistentHashing", one.detection); err != nil {
			return err
		}
		names, err := b.family(ctx, one.hub, 1, nil)
		if err != nil {
			return err
		}
		group.Go(func() error {
			for range b.options.rounds {
				took, err := b.crashOnce(grouped, one.hub, names, nodes, kubelets)
				if err != nil {
					return err
				}
				b.took(one.name, took)
			}
			return nil
		})
	}
	for _, peer := range []string{byDeployment, bySet} {
		name := map[string]string{byDeployment: "deployment", bySet: "statefulset"}[peer]
		if _, err := b.group(ctx, name, 3); err != nil {
			return err
		}
		group.Go(func() error {
			took, err := b.crashPeer(grouped, name)
			if errors.Is(err, errLate) {
				fmt.Fprintf(os.Stderr, "crash: %s: never within %s\n", peer, b.options.limit)
				return nil
			}
			if err == nil {
				b.took(peer, took)
			}
			return err
		})
	}
	group.Go(func() error { return b.elect(grouped) })
	return group.Wait()
}

func (b *bench) took(who string, time time.Duration) {
	b.world.mutex.Lock()
	defer b.world.mutex.Unlock()
	b.crashes[who] = append(b.crashes[who], time)
	fmt.Fprintf(os.Stderr, "crash: %s: %.2f s\n", who, time.Seconds())
}

// crashOnce: from the crash of the active's node to the new active's label.
func (b *bench) crashOnce(ctx context.Context, hub string, names, nodes []string, kubelets *kubelets) (time.Duration, error) {
	if err := b.rest(ctx, hub, names, nodes); err != nil {
		return 0, err
	}
	// Not always at the same distance from the last renewal of the Lease.
	time.Sleep(time.Duration(rand.Int64N(int64(10 * time.Second))))
	before := b.world.active(names[0])
	began := time.Now()
	if kubelets != nil {
		kubelets.close(before.node)
	}
	if err := b.silence(ctx, before.node); err != nil {
		return 0, err
	}
	err := b.world.await(ctx, "a new active of "+hub, b.options.limit, func() bool {
		return b.world.gains[names[0]].pod != before.pod
	})
	if err != nil {
		return 0, err
	}
	took := b.world.active(names[0]).at.Sub(began)
	if kubelets != nil {
		if err := kubelets.open(before.node); err != nil {
			return 0, err
		}
	}
	return took, b.speak(ctx, before.node)
}

// kubelets are the ports of nodes, where a probe finds them.
type kubelets struct {
	addresses map[string]string
	listeners map[string]net.Listener
}

func (b *bench) listen(ctx context.Context, nodes []string) (*kubelets, error) {
	k := &kubelets{addresses: map[string]string{}, listeners: map[string]net.Listener{}}
	for _, name := range nodes {
		node, err := b.typed.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				port := int(node.Status.DaemonEndpoints.KubeletEndpoint.Port)
				k.addresses[name] = net.JoinHostPort(address.Address, strconv.Itoa(port))
			}
		}
		if err := k.open(name); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (k *kubelets) open(node string) error {
	listener, err := net.Listen("tcp", k.addresses[node])
	if err != nil {
		return err
	}
	k.listeners[node] = listener
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connection.Close()
		}
	}()
	return nil
}

func (k *kubelets) close(node string) { k.listeners[node].Close() }

// crashPeer: from the crash of its pod's node until another pod of it is Ready.
func (b *bench) crashPeer(ctx context.Context, name string) (time.Duration, error) {
	if err := b.workload(ctx, name); err != nil {
		return 0, err
	}
	var uid types.UID
	var node string
	ready := func() bool {
		for id, pod := range b.world.pods {
			if pod.child == name && pod.ready && id != uid {
				uid, node = id, pod.node
				return true
			}
		}
		return false
	}
	if err := b.world.await(ctx, name+" is Ready", soon, ready); err != nil {
		return 0, err
	}
	time.Sleep(5 * time.Second)
	began := time.Now()
	if err := b.silence(ctx, node); err != nil {
		return 0, err
	}
	if err := b.world.await(ctx, "another pod of "+name, b.options.limit, ready); err != nil {
		return 0, err
	}
	b.world.mutex.Lock()
	defer b.world.mutex.Unlock()
	return b.world.pods[uid].since.Sub(began), nil
}

func (b *bench) workload(ctx context.Context, name string) error {
	replicas := int32(1)
	mark := map[string]string{groupLabel: name}
	meta := metav1.ObjectMeta{Name: name, Labels: mark}
	selector := &metav1.LabelSelector{MatchLabels: mark}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: mark},
		Spec: corev1.PodSpec{NodeSelector: mark,
			Containers: []corev1.Container{{Name: "worker", Image: "registry.k8s.io/pause:3.10"}}},
	}
	var err error
	if name == "deployment" {
		_, err = b.typed.AppsV1().Deployments(space).Create(ctx, &appsv1.Deployment{ObjectMeta: meta,
			Spec: appsv1.DeploymentSpec{Replicas: &replicas, Selector: selector, Template: template}}, metav1.CreateOptions{})
	} else {
		_, err = b.typed.AppsV1().StatefulSets(space).Create(ctx, &appsv1.StatefulSet{ObjectMeta: meta,
			Spec: appsv1.StatefulSetSpec{Replicas: &replicas, Selector: selector, Template: template}}, metav1.CreateOptions{})
	}
	return err
}
