package main

import (
	"encoding/json"
	"fmt"
	"k8s.io/utils/ptr"
	"os"
	"slices"
	"strings"
)

// result is one figure, as every benchmark writes them.
type result struct {
	Name    string             `json:"name"`
	Value   float64            `json:"value"`
	Unit    string             `json:"unit"`
	AtMost  *float64           `json:"at_most,omitempty"`
	AtLeast *float64           `json:"at_least,omitempty"`
	Peers   map[string]float64 `json:"peers"`
	Command string             `json:"command"`
	Machine string             `json:"machine"`
}

// median of one figure over the runs of a kind, to three digits; false where it has not run.
func (b *bench) median(kind string, of func(run) float64) (float64, bool) {
	var values []float64
	for _, r := range b.runs[kind] {
		values = append(values, of(r))
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	middle := (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	var rounded float64
	fmt.Sscan(fmt.Sprintf("%.3g", middle), &rounded)
	return rounded, true
}

func (b *bench) results() []result {
	var results []result
	add := func(name, unit, kind string, of func(run) float64, peers ...string) *result {
		value, known := b.median(kind, of)
		if !known {
			return &result{}
		}
		r := result{Name: name, Value: value, Unit: unit, Peers: map[string]float64{},
			Command: b.options.command, Machine: b.machine.Describe()}
		for _, peer := range peers {
			if value, known := b.median(peer, of); known {
				r.Peers[peer] = value
			}
		}
		results = append(results, r)
		return &results[len(results)-1]
	}
	ready := func(r run) float64 { return r.steps.ready }
	created := func(r run) float64 { return r.steps.created }
	memory := func(r run) float64 { return r.memory }
	perSecond := func(r run) float64 { return r.perSecond }
	cpuOf := func(daemon string) func(run) float64 { return func(r run) float64 { return r.daemons[daemon] } }
	sets := []string{kindDaemonSet, kindStatefulSet}

	for _, ours := range []struct {
		kind   string
		factor float64
	}{{kindChildren, 1}, {kindInline, 1.5}} {
		what := fmt.Sprintf("%d %s", b.options.children, ours.kind)
		timed := add(what+" until all pods are Ready", "s", ours.kind, ready, sets...)
		if fastest, known := least(timed.Peers); known {
			timed.AtMost = ptr.To(ours.factor * fastest)
		}
		add(what+" until all pods are created", "s", ours.kind, created, sets...)
		add(what+" until the hub's status counts them all as Ready", "s", ours.kind, func(r run) float64 { return r.told })
		add(what+": the operator's CPU time until the pods are Ready", "s", ours.kind, cpuOf("operator"))
		add(what+": the API server's CPU time until the pods are Ready", "s", ours.kind, cpuOf("kube-apiserver"), sets...)
		add(what+": the operator's peak of memory", "MB", ours.kind, memory).AtMost = ptr.To(60.0)
	}
	rate := add(fmt.Sprintf("%d bare pods created by our client, 32 at a time", b.options.pods), "pods/s",
		kindOurClient, perSecond, kindGo, kindGoProtobuf)
	if goes, known := rate.Peers[kindGo]; known {
		rate.AtLeast = ptr.To(0.8 * goes)
	}
	add("the client's CPU time for that", "s", kindOurClient, func(r run) float64 { return r.cpu }, kindGo, kindGoProtobuf)
	return results
}

func least(peers map[string]float64) (least float64, known bool) {
	for _, value := range peers {
		if !known || value < least {
			least, known = value, true
		}
	}
	return least, known
}

// aim in words, and whether it is reached.
func (r result) aim() string {
	switch {
	case r.AtMost != nil && r.Value <= *r.AtMost:
		return fmt.Sprintf("at most %.3g: reached", *r.AtMost)
	case r.AtMost != nil:
		return fmt.Sprintf("at most %.3g: MISSED", *r.AtMost)
	case r.AtLeast != nil && r.Value >= *r.AtLeast:
		return fmt.Sprintf("at least %.3g: reached", *r.AtLeast)
	case r.AtLeast != nil:
		return fmt.Sprintf("at least %.3g: MISSED", *r.AtLeast)
	}
	return ""
}

func printTable(results []result) {
	for _, r := range results {
		var peers []string
		for name, value := range r.Peers {
			peers = append(peers, fmt.Sprintf("%s %.4g", name, value))
		}
		slices.Sort(peers)
		fmt.Printf("%-66s %8.4g %-7s %-24s %s\n", r.Name, r.Value, r.Unit, r.aim(), strings.Join(peers, ", "))
	}
}

func writeJSON(file string, results []result) error {
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
