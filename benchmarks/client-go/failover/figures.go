package main

import (
	"fmt"
	"time"

	"k8s.io/utils/ptr"

	"processhub.io/benchmarks/internal/figures"
)

const sameWrites = "the same writes by client-go, with nothing to decide"

func (b *bench) figures() []figures.Figure {
	var all []figures.Figure
	add := func(f figures.Figure) {
		if f.Peers == nil {
			f.Peers = map[string]any{}
		}
		f.Command, f.Machine = b.options.command, b.machine.Describe()
		all = append(all, f)
	}
	var notes []string
	if len(b.single) > 0 {
		add(figures.Figure{Name: "1 child on the lost node: new active after, median", Value: figures.Milliseconds(figures.Median(b.single)), Unit: "ms", AtMost: ptr.To(20.0),
			Peers: map[string]any{sameWrites: figures.Milliseconds(figures.Median(b.singleFloors))}})
		add(figures.Figure{Name: "1 child on the lost node: new active after, 99 % within", Value: figures.Milliseconds(figures.Quantile(b.single, 99)), Unit: "ms", AtMost: ptr.To(100.0),
			Peers: map[string]any{sameWrites: figures.Milliseconds(figures.Quantile(b.singleFloors, 99))}})
		notes = append(notes, fmt.Sprintf("1 child: %d losses, of which the 99 %% are the slowest; others used %.2f cores meanwhile", len(b.single), b.others["one"]))
	}
	if len(b.each) > 0 {
		there := len(b.each) / len(b.whole)
		of := fmt.Sprintf("%d of %d children on the lost node", there, b.options.children)
		add(figures.Figure{Name: of + ": new active of each after, median", Value: figures.Milliseconds(figures.Median(b.each)), Unit: "ms"})
		add(figures.Figure{Name: of + ": new active of each after, 99 % within", Value: figures.Milliseconds(figures.Quantile(b.each, 99)), Unit: "ms"})
		add(figures.Figure{Name: of + ": until the last of them, median", Value: figures.Milliseconds(figures.Median(b.whole)), Unit: "ms", AtMost: ptr.To(1000.0),
			Peers: map[string]any{sameWrites: figures.Milliseconds(figures.Median(b.floors))}})
		add(figures.Figure{Name: of + ": until the last of them, slowest loss", Value: figures.Milliseconds(figures.Highest(b.whole)), Unit: "ms", AtMost: ptr.To(1000.0),
			Peers: map[string]any{sameWrites: figures.Milliseconds(figures.Highest(b.floors))}})
		notes = append(notes, fmt.Sprintf("%s: %d losses; others used %.2f cores meanwhile", of, len(b.whole), b.others["hundred"]))
	}
	b.world.mutex.Lock()
	events, doubles := b.world.events, b.world.doubles
	b.world.mutex.Unlock()
	add(figures.Figure{Name: "changes of pods after which two of one child were labelled active", Value: doubles, Unit: "", AtMost: ptr.To(0.0)})
	notes = append(notes, fmt.Sprintf("%d changes of pods were looked at", events))
	if len(b.crashes[byReady]) > 0 {
		notes = append(notes, fmt.Sprintf("crashes: the node controller waits %s (--node-monitor-grace-period); others used %.2f cores meanwhile", b.options.grace, b.others["crash"]))
		b.crashFigures(add)
	}
	all[len(all)-1].Notes = notes
	return all
}

func (b *bench) crashFigures(add func(figures.Figure)) {
	columns := []struct {
		name string
		unit string
		of   func([]time.Duration) float64
	}{
		{"median", "s", func(times []time.Duration) float64 { return figures.Three(figures.Median(times).Seconds()) }},
		{"fastest", "s", func(times []time.Duration) float64 { return figures.Three(figures.Lowest(times).Seconds()) }},
		{"slowest", "s", func(times []time.Duration) float64 { return figures.Three(figures.Highest(times).Seconds()) }},
		{"crashes", "", func(times []time.Duration) float64 { return float64(len(times)) }},
	}
	for _, column := range columns {
		f := figures.Figure{Name: column.name, Table: "from the crash until another one works", Unit: column.unit,
			Value: column.of(b.crashes[byReady]), Peers: map[string]any{}}
		for _, peer := range []string{byLease, byProbe, byElection, byDeployment, bySet} {
			switch times := b.crashes[peer]; {
			case len(times) > 0:
				f.Peers[peer] = column.of(times)
			case column.name == "crashes":
				f.Peers[peer] = 1
			default:
				f.Peers[peer] = fmt.Sprintf("not within %.0f s", b.options.limit.Seconds())
			}
		}
		add(f)
	}
}
