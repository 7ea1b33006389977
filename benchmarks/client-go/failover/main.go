// failover measures, on the cluster of tests/cluster that it is run in:
//
//   - how long after a Node is no longer Ready another pod of each child there is labelled
//     active, for one child and for 100 of 1,000;
//   - how long after a crash another one works, beside a Deployment, a StatefulSet and a pair
//     that elects its leader with a Lease;
//   - that never two pods of one child are labelled active.
//
// benchmarks/failover/run builds it and starts it; its --help says more.
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

	"golang.org/x/sync/errgroup"

	"processhub.io/benchmarks/internal/figures"
	"processhub.io/benchmarks/internal/host"
)

type options struct {
	operator   string // the binary
	log        string // its
	losses     int
	massLosses int
	children   int
	rounds     int
	limit      time.Duration
	grace      time.Duration
	patience   time.Duration
	only       string
	json       string
	command    string
	candidate  string
}

func parseOptions() options {
	var o options
	flag.StringVar(&o.operator, "operator", "", "the operator's binary")
	flag.StringVar(&o.log, "operator-log", os.DevNull, "where the operator's log goes")
	flag.IntVar(&o.losses, "losses", 50, "losses of a node with one child")
	flag.IntVar(&o.massLosses, "mass-losses", 20, "losses of a node with a tenth of all children")
	flag.IntVar(&o.children, "children", 1000, "children of the hub for those, on ten nodes")
	flag.IntVar(&o.rounds, "rounds", 5, "crashes for each detection, and of the elected leader")
	flag.DurationVar(&o.limit, "limit", 400*time.Second, "how long to wait for the Deployment and the StatefulSet")
	flag.DurationVar(&o.grace, "grace", 0, "the cluster's --node-monitor-grace-period, to be told")
	flag.DurationVar(&o.patience, "patience", 5*time.Minute, "how long, in all, to wait for others to use the machine less")
	flag.StringVar(&o.only, "only", "", "parts to measure, of one, hundred and crash, with commas between (default: all)")
	flag.StringVar(&o.json, "json", "", "write the results to this file, too")
	flag.StringVar(&o.command, "command", "", "what the user typed, for that file")
	flag.StringVar(&o.candidate, "candidate", "", "be a candidate of this name in an election, and nothing else")
	flag.Parse()
	return o
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("failover: ")
	o := parseOptions()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.candidate != "" {
		stand(ctx, o.candidate)
		return
	}
	if err := measure(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func measure(ctx context.Context, o options) error {
	machine, err := host.FindMachine("failover")
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o, machine)
	if err != nil {
		return err
	}
	operator, err := host.StartOperator(ctx, o.operator, "", o.log)
	if err != nil {
		return err
	}
	defer operator.Stop()
	machine.Watch("operator", operator.PID())
	// The crashes are waiting for the most part, on nodes of their own: the others do not mind.
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return b.part(ctx, "crash", b.crash) })
	parts.Go(func() error {
		if err := b.part(ctx, "one", b.one); err != nil {
			return err
		}
		return b.part(ctx, "hundred", b.hundred)
	})
	if err := parts.Wait(); err != nil {
		return err
	}
	all := b.figures()
	figures.Print(all)
	if o.json != "" {
		return figures.Write(o.json, all)
	}
	return nil
}

func (b *bench) part(ctx context.Context, name string, run func(context.Context) error) error {
	if b.options.only != "" && !slices.Contains(strings.Split(b.options.only, ","), name) {
		return nil
	}
	if name != "crash" {
		b.machine.AwaitQuietOthers(ctx, 0.15, &b.options.patience)
	}
	before := b.machine.Sample()
	if err := run(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	others := b.machine.Sample().OthersSince(before)
	fmt.Fprintf(os.Stderr, "%s: others used %.2f cores, load %s\n", name, others, host.LoadAverage())
	b.world.mutex.Lock()
	defer b.world.mutex.Unlock()
	b.others[name] = others
	return nil
}
