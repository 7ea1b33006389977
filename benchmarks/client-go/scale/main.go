// scale measures, on the cluster of tests/cluster that it is run in:
//
//   - how long 1,000 children of a hub take until their pods are Ready, beside a
//     DaemonSet and a StatefulSet of as many pods;
//   - what the operator needs for that;
//   - how many pods a second our client creates, beside Go's.
//
// benchmarks/scale/run builds it and starts it; its --help says more.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"processhub.io/benchmarks/internal/host"
)

type options struct {
	operator   string // the binaries
	flags      string // of the operator, with blanks between
	createPods string
	goCreate   string
	children   int
	pods       int
	runs       int
	warmUps    int
	retries    int
	noise      float64
	patience   time.Duration
	only       string
	json       string
	command    string
	log        string
}

func parseOptions() options {
	var o options
	flag.StringVar(&o.operator, "operator", "", "the operator's binary")
	flag.StringVar(&o.flags, "operator-flags", "", "further flags of the operator, with blanks between")
	flag.StringVar(&o.createPods, "create-pods", "", "the binary that creates pods with our client")
	flag.StringVar(&o.goCreate, "go-create-pods", "", "the one that does so with Go's")
	flag.IntVar(&o.children, "children", 1000, "children, and pods of the others")
	flag.IntVar(&o.pods, "pods", 5000, "bare pods for the comparison of the clients")
	flag.IntVar(&o.runs, "runs", 3, "measured runs of each kind")
	flag.IntVar(&o.warmUps, "warm-ups", 1, "runs of each kind before those")
	flag.IntVar(&o.retries, "retries", 6, "runs to repeat, of all, because others used the machine meanwhile")
	flag.Float64Var(&o.noise, "noise", 0.15, "cores that others may use during a run")
	flag.DurationVar(&o.patience, "patience", 15*time.Minute, "how long, in all, to wait for others to use less")
	flag.StringVar(&o.only, "only", "", "kinds to measure, with commas between (default: all)")
	flag.StringVar(&o.json, "json", "", "write the results to this file, too")
	flag.StringVar(&o.command, "command", "", "what the user typed, for that file")
	flag.StringVar(&o.log, "operator-log", os.DevNull, "where the operator's log goes")
	flag.Parse()
	return o
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("scale: ")
	o := parseOptions()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	m, err := host.FindMachine("scale")
	if err != nil {
		log.Fatal(err)
	}
	b, err := newBench(o, m)
	if err != nil {
		log.Fatal(err)
	}
	if err := measure(ctx, b); err != nil {
		log.Fatal(err)
	}
	results := b.results()
	printTable(results)
	if o.json != "" {
		if err := writeJSON(o.json, results); err != nil {
			log.Fatal(err)
		}
	}
}

// measure runs every kind to warm up, then each `runs` times, in an order that is turned
// round each time: what a run leaves behind does not always meet the same kind.
func measure(ctx context.Context, b *bench) error {
	for _, group := range [][]kind{b.workloads(), b.clients()} {
		group = slices.DeleteFunc(group, func(k kind) bool { return !b.wanted(k.name) })
		for round := 1 - b.options.warmUps; round <= b.options.runs; round++ {
			for _, k := range group {
				if err := b.one(ctx, k, round); err != nil {
					return fmt.Errorf("%s: %w", k.name, err)
				}
			}
			slices.Reverse(group)
		}
	}
	return nil
}

func (b *bench) wanted(name string) bool {
	return b.options.only == "" || slices.Contains(strings.Split(b.options.only, ","), name)
}

// one run, which is repeated while others use the machine, as often as that is allowed.
// Rounds up to 0 warm up.
func (b *bench) one(ctx context.Context, k kind, round int) error {
	for {
		b.machine.AwaitQuietOthers(ctx, b.options.noise, &b.options.patience)
		run, err := k.run(ctx)
		if err != nil {
			return err
		}
		noisy := run.others > b.options.noise
		what := fmt.Sprintf("run %d", round)
		if round <= 0 {
			what = "warm-up"
		}
		fmt.Fprintf(os.Stderr, "%-22s %-8s %s; others used %.2f cores, load %s\n", k.name, what, run, run.others, host.LoadAverage())
		switch {
		case round <= 0:
			return nil
		case noisy && b.options.retries > 0:
			b.options.retries--
			continue
		}
		b.runs[k.name] = append(b.runs[k.name], run)
		return nil
	}
}
