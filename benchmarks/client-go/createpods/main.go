// createpods creates bare pods with client-go, a fixed number of requests in flight,
// and prints how long that took as one line of JSON. It is what our own client is
// measured beside: benchmarks/scale/create_pods.cpp does the same.
//
//	createpods --namespace NAME [--pods 5000] [--in-flight 32] [--protobuf]
//
// Nobody schedules the pods, so that only the API server works for them.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func pod(namespace string, number int64) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("pod-%d", number)},
		Spec: corev1.PodSpec{
			SchedulerName: "nobody",
			Containers:    []corev1.Container{{Name: "main", Image: "registry.k8s.io/pause:3.10"}},
		},
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func main() {
	namespace := flag.String("namespace", "", "where the pods are created")
	pods := flag.Int64("pods", 5000, "how many")
	inFlight := flag.Int("in-flight", 32, "requests at a time")
	protobuf := flag.Bool("protobuf", false, "instead of JSON")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		log.Fatal(err)
	}
	config.QPS = -1 // client-go otherwise holds itself to 5 a second
	if *protobuf {
		config.ContentType = "application/vnd.kubernetes.protobuf"
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}

	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range *inFlight {
		workers.Go(func() {
			for number := next.Add(1); number <= *pods; number = next.Add(1) {
				_, err := client.CoreV1().Pods(*namespace).Create(
					context.Background(), pod(*namespace, number), metav1.CreateOptions{})
				if err != nil {
					log.Fatal(err)
				}
			}
		})
	}
	workers.Wait()
	seconds := time.Since(began).Seconds()
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"seconds": seconds, "perSecond": float64(*pods) / seconds, "cpuSeconds": cpuSeconds()})
}
