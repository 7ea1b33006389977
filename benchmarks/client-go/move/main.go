// move measures, on the cluster of tests/cluster that it is run in, what moves cost those that
// are moved:
//
//   - for how long a child has no pod that is labelled active, or none that is Ready, while its
//     lead is handed over, its template changes, or its node is drained; beside a StatefulSet
//     and Deployments of as many pods;
//   - how many children a second move;
//   - how many more move than have to when a node joins.
//
// benchmarks/move/run builds it and starts it; its --help says more.
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

	"processhub.io/benchmarks/internal/figures"
	"processhub.io/benchmarks/internal/host"
)

type options struct {
	operator  string // the binary
	log       string // its
	cluster   string // the script
	children  int
	nodes     int
	percent   int
	retention int64
	single    int
	drains    int
	joins     int
	starts    time.Duration
	ends      time.Duration
	patience  time.Duration
	only      string
	systems   string
	json      string
	command   string
}

// atOnce is how many may move at once, for all of them.
func (o options) atOnce() string { return fmt.Sprintf("%d%%", o.percent) }

func parseOptions() options {
	var o options
	flag.StringVar(&o.operator, "operator", "", "the operator's binary")
	flag.StringVar(&o.log, "operator-log", os.DevNull, "where the operator's log goes")
	flag.StringVar(&o.cluster, "cluster", "", "the script that joins nodes to the cluster")
	flag.IntVar(&o.children, "children", 1000, "children of the hub, and pods of the others")
	flag.IntVar(&o.nodes, "nodes", 10, "nodes for all but the joins, which take all of the cluster")
	flag.IntVar(&o.percent, "at-once", 10, "percent of the children, or pods, that may move at once")
	flag.Int64Var(&o.retention, "retention", 1, "seconds for which HotSwap leaves the old pod beside the new one")
	flag.IntVar(&o.single, "single", 200, "planned switches one after the other")
	flag.IntVar(&o.drains, "drains", 3, "drains of a node, of each system")
	flag.IntVar(&o.joins, "joins", 5, "joins of a node")
	flag.DurationVar(&o.starts, "starts", 0, "how long a pod takes to be Ready")
	flag.DurationVar(&o.ends, "ends", 0, "how long a deleted pod takes to end")
	flag.DurationVar(&o.patience, "patience", 2*time.Minute, "how long, in all, to wait for others to use the machine less")
	flag.StringVar(&o.only, "only", "", "what to measure, of "+strings.Join(scenarios, ", ")+", with commas between (default: all)")
	flag.StringVar(&o.systems, "systems", "", "with which, of "+strings.Join(systems, ", ")+", with commas between (default: all)")
	flag.StringVar(&o.json, "json", "", "write the results to this file, too")
	flag.StringVar(&o.command, "command", "", "what the user typed, for that file")
	flag.Parse()
	for _, given := range []struct {
		name, list string
		known      []string
	}{{"only", o.only, scenarios}, {"systems", o.systems, systems}} {
		for word := range strings.SplitSeq(given.list, ",") {
			if given.list != "" && !slices.Contains(given.known, word) {
				log.Fatalf("--%s: there is no %q; there are %s", given.name, word, strings.Join(given.known, ", "))
			}
		}
	}
	if o.drains > o.nodes {
		log.Fatalf("--drains %d: there are %d nodes to drain (--nodes)", o.drains, o.nodes)
	}
	return o
}

var (
	scenarios = []string{"switch", "update", "drain", "join"}
	systems   = []string{"hotswap", "coldswap", "statefulset", "deployment"}
)

func wanted(list, name string) bool {
	return list == "" || slices.Contains(strings.Split(list, ","), name)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("move: ")
	o := parseOptions()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func measure(ctx context.Context, o options) error {
	machine, err := host.FindMachine("move")
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

	if wanted(o.only, "switch") {
		if err := b.part(ctx, "switch", b.plannedSwitch); err != nil {
			return err
		}
	}
	if wanted(o.only, "update") || wanted(o.only, "drain") {
		for _, system := range systems {
			if !wanted(o.systems, system) {
				continue
			}
			if err := b.part(ctx, system, func(ctx context.Context) error { return b.replace(ctx, system) }); err != nil {
				return err
			}
		}
	}
	if wanted(o.only, "join") {
		if err := b.part(ctx, "join", b.join); err != nil {
			return err
		}
	}
	figures.Print(b.figures())
	return nil
}

func (b *bench) part(ctx context.Context, name string, run func(context.Context) error) error {
	b.machine.AwaitQuietOthers(ctx, 0.15, &b.options.patience)
	before := b.machine.Sample()
	if err := run(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	after := b.machine.Sample()
	others := after.OthersSince(before)
	fmt.Fprintf(os.Stderr, "%s: took %.0f s, others used %.2f cores, load %s\n", name, after.At.Sub(before.At).Seconds(), others, host.LoadAverage())
	b.others = append(b.others, fmt.Sprintf("%s %.2f", name, others))
	if b.options.json == "" {
		return nil
	}
	return figures.Write(b.options.json, b.figures()) // should a later part fail
}
