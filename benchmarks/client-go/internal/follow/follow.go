// Package follow reads a watch for as long as a benchmark runs.
package follow

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// Open opens a watch, such as client.CoreV1().Pods("").Watch.
type Open func(context.Context, metav1.ListOptions) (watch.Interface, error)

// Start: the watch is open when it returns. One that the server ends goes on from where it was.
// `see` is called with each event and the time at which it was read, `ended` once, with the
// reason, when there is no more to come.
func Start(ctx context.Context, options metav1.ListOptions, open Open,
	see func(watch.Event, time.Time) error, ended func(error)) error {
	seconds := int64(7200)
	options.TimeoutSeconds = &seconds
	events, err := open(ctx, options)
	if err != nil {
		return err
	}
	go func() {
		for err == nil {
			for event := range events.ResultChan() {
				if err = see(event, time.Now()); err != nil {
					break
				}
				if seen, is := event.Object.(metav1.Object); is {
					options.ResourceVersion = seen.GetResourceVersion()
				}
			}
			if err == nil {
				events, err = open(ctx, options)
			}
		}
		ended(err)
	}()
	return nil
}

// Unexpected is an event that is none of an object that was asked for.
func Unexpected(event watch.Event) error {
	return fmt.Errorf("a watch: %s %s", event.Type, describe(event.Object))
}

func describe(object runtime.Object) string {
	if status, is := object.(*metav1.Status); is {
		return status.Message
	}
	return fmt.Sprintf("%T", object)
}
