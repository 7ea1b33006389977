package main

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const atOnce = 32 // as many requests as the operator has in flight

// floor is what the API server itself needs for as many writes as a loss needs: for each child
// one of its object, one of the pod that led and one of the pod that leads, one after the other,
// with nothing to decide. Returns how long all of them took.
func (b *bench) floor(ctx context.Context, names []string) (time.Duration, error) {
	pods := map[string][]string{}
	b.world.mutex.Lock()
	for _, pod := range b.world.pods {
		if !pod.going {
			pods[pod.child] = append(pods[pod.child], pod.name)
		}
	}
	b.world.mutex.Unlock()
	// An annotation that means nothing to the operator.
	patch, err := json.Marshal(object{"metadata": object{"annotations": object{"benchmark": time.Now().String()}}})
	if err != nil {
		return 0, err
	}
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	began := time.Now()
	for _, name := range names {
		group.Go(func() error {
			_, err := b.any.Resource(children).Namespace(space).Patch(grouped, name, types.MergePatchType, patch, metav1.PatchOptions{})
			if err != nil {
				return err
			}
			for _, pod := range pods[name] {
				_, err := b.typed.CoreV1().Pods(space).Patch(grouped, pod, types.MergePatchType, patch, metav1.PatchOptions{})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return time.Since(began), err
}
