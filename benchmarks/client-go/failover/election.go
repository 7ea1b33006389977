package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// stand for election as controllers do by default; a line on standard output tells that it leads.
func stand(ctx context.Context, name string) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		log.Fatal(err)
	}
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "pair", Namespace: space},
			Client:     kubernetes.NewForConfigOrDie(config).CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration: 15 * time.Second,
		RenewDeadline: 10 * time.Second,
		RetryPeriod:   2 * time.Second,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				fmt.Println("leads")
				<-ctx.Done()
			},
			OnStoppedLeading: func() {},
		},
	})
}

type candidate struct {
	command *exec.Cmd
	leads   chan time.Time
}

func nominate(name string) (*candidate, error) {
	command := exec.Command(os.Args[0], "--candidate", name)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &candidate{command: command, leads: make(chan time.Time, 1)}
	go func() {
		if bufio.NewScanner(out).Scan() {
			c.leads <- time.Now()
		}
	}()
	return c, nil
}

func (c *candidate) kill() {
	c.command.Process.Kill()
	c.command.Wait()
}

// elect: from the end of a leader that is killed until the other candidate leads.
func (b *bench) elect(ctx context.Context) error {
	const limit = 2 * time.Minute
	leader, err := nominate("candidate-0")
	if err != nil {
		return err
	}
	defer func() { leader.kill() }()
	select {
	case <-leader.leads:
	case <-time.After(limit):
		return fmt.Errorf("%w: the first leader", errLate)
	}
	for round := range b.options.rounds {
		other, err := nominate(fmt.Sprintf("candidate-%d", round+1))
		if err != nil {
			return err
		}
		time.Sleep(5*time.Second + time.Duration(rand.Int64N(int64(2*time.Second))))
		began := time.Now()
		leader.kill()
		leader = other
		select {
		case at := <-leader.leads:
			b.took(byElection, at.Sub(began))
		case <-time.After(limit):
			return fmt.Errorf("%w: another leader", errLate)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
