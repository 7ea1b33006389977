// Package figures is what benchmarks give, in the form that benchmarks/document reads.
package figures

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

type Figure struct {
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

// Quantile by nearest rank: the 99th of 50 is the highest.
func Quantile(times []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)*percent+99)/100-1]
}

func Lowest(times []time.Duration) time.Duration  { return slices.Min(times) }
func Median(times []time.Duration) time.Duration  { return Quantile(times, 50) }
func Highest(times []time.Duration) time.Duration { return slices.Max(times) }

func Spread(times []time.Duration) string {
	return fmt.Sprintf("%d times: least %.1f ms, median %.1f, 90 %% within %.1f, 99 %% within %.1f, most %.1f", len(times),
		Milliseconds(Lowest(times)), Milliseconds(Median(times)), Milliseconds(Quantile(times, 90)),
		Milliseconds(Quantile(times, 99)), Milliseconds(Highest(times)))
}

func Milliseconds(d time.Duration) float64 { return Three(d.Seconds() * 1000) }

// Three significant digits.
func Three(value float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 3, 64), 64)
	return rounded
}

func Print(figures []Figure) {
	for _, f := range figures {
		aim := ""
		if f.AtMost != nil {
			aim = fmt.Sprintf("at most %g", *f.AtMost)
		}
		fmt.Printf("%-72s %8v %-3s %-14s %v\n", f.Table+" "+f.Name, f.Value, f.Unit, aim, f.Peers)
	}
}

func Write(file string, figures []Figure) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
