package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"k8s.io/utils/ptr"
)

// figure is what benchmarks/document reads.
type figure struct {
	Name    string         `json:"name"`
	Table   string         `json:"table,omitempty"`
	Value   any            `json:"value"`
	Unit    string         `json:"unit"`
	AtMost  *float64       `json:"at_most,omitempty"`
	Peers   map[string]any `json:"peers"`
	Notes   []string       `json:"notes,omitempty"`
	Command string         `json:"command"`
	Machine string         `json:"machine"`
}

const sameWrites = "the same writes by client-go, with nothing to decide"

// quantile by nearest rank: the 99th of 50 is the highest.
func quantile(times []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)*percent+99)/100-1]
}

func lowest(times []time.Duration) time.Duration  { return slices.Min(times) }
func median(times []time.Duration) time.Duration  { return quantile(times, 50) }
func highest(times []time.Duration) time.Duration { return slices.Max(times) }

func spread(times []time.Duration) string {
	return fmt.Sprintf("%d times: least %.1f ms, median %.1f, 90 %% within %.1f, 99 %% within %.1f, most %.1f", len(times),
		milliseconds(lowest(times)), milliseconds(median(times)), milliseconds(quantile(times, 90)),
		milliseconds(quantile(times, 99)), milliseconds(highest(times)))
}

func milliseconds(d time.Duration) float64 { return three(d.Seconds() * 1000) }

func three(value float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 3, 64), 64)
	return rounded
}

func (b *bench) figures() []figure {
	var all []figure
	add := func(f figure) {
		if f.Peers == nil {
			f.Peers = map[string]any{}
		}
		f.Command, f.Machine = b.options.command, b.machine.Describe()
		all = append(all, f)
	}
	var notes []string
	if len(b.single) > 0 {
		add(figure{Name: "1 child on the lost node: new active after, median", Value: milliseconds(median(b.single)), Unit: "ms", AtMost: ptr.To(20.0),
			Peers: map[string]any{sameWrites: milliseconds(median(b.singleFloors))}})
		add(figure{Name: "1 child on the lost node: new active after, 99 % within", Value: milliseconds(quantile(b.single, 99)), Unit: "ms", AtMost: ptr.To(100.0),
			Peers: map[string]any{sameWrites: milliseconds(quantile(b.singleFloors, 99))}})
		notes = append(notes, fmt.Sprintf("1 child: %d losses, of which the 99 %% are the slowest; others used %.2f cores meanwhile", len(b.single), b.others["one"]))
	}
	if len(b.each) > 0 {
		there := len(b.each) / len(b.whole)
		of := fmt.Sprintf("%d of %d children on the lost node", there, b.options.children)
		add(figure{Name: of + ": new active of each after, median", Value: milliseconds(median(b.each)), Unit: "ms"})
		add(figure{Name: of + ": new active of each after, 99 % within", Value: milliseconds(quantile(b.each, 99)), Unit: "ms"})
		add(figure{Name: of + ": until the last of them, median", Value: milliseconds(median(b.whole)), Unit: "ms", AtMost: ptr.To(1000.0),
			Peers: map[string]any{sameWrites: milliseconds(median(b.floors))}})
		add(figure{Name: of + ": until the last of them, slowest loss", Value: milliseconds(highest(b.whole)), Unit: "ms", AtMost: ptr.To(1000.0),
			Peers: map[string]any{sameWrites: milliseconds(highest(b.floors))}})
		notes = append(notes, fmt.Sprintf("%s: %d losses; others used %.2f cores meanwhile", of, len(b.whole), b.others["hundred"]))
	}
	b.world.mutex.Lock()
	events, doubles := b.world.events, b.world.doubles
	b.world.mutex.Unlock()
	add(figure{Name: "changes of pods after which two of one child were labelled active", Value: doubles, Unit: "", AtMost: ptr.To(0.0)})
	notes = append(notes, fmt.Sprintf("%d changes of pods were looked at", events))
	if len(b.crashes[byReady]) > 0 {
		notes = append(notes, fmt.Sprintf("crashes: the node controller waits %s (--node-monitor-grace-period); others used %.2f cores meanwhile", b.options.grace, b.others["crash"]))
		b.crashFigures(add)
	}
	all[len(all)-1].Notes = notes
	return all
}

func (b *bench) crashFigures(add func(figure)) {
	columns := []struct {
		name string
		unit string
		of   func([]time.Duration) float64
	}{
		{"median", "s", func(times []time.Duration) float64 { return three(median(times).Seconds()) }},
		{"fastest", "s", func(times []time.Duration) float64 { return three(lowest(times).Seconds()) }},
		{"slowest", "s", func(times []time.Duration) float64 { return three(highest(times).Seconds()) }},
		{"crashes", "", func(times []time.Duration) float64 { return float64(len(times)) }},
	}
	for _, column := range columns {
		f := figure{Name: column.name, Table: "from the crash until another one works", Unit: column.unit,
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

func printTable(figures []figure) {
	for _, f := range figures {
		aim := ""
		if f.AtMost != nil {
			aim = fmt.Sprintf("at most %g", *f.AtMost)
		}
		fmt.Printf("%-72s %8v %-3s %-14s %v\n", f.Table+" "+f.Name, f.Value, f.Unit, aim, f.Peers)
	}
}

func writeJSON(file string, figures []figure) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
