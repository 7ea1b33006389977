package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"k8s.io/utils/ptr"

	"processhub.io/benchmarks/internal/figures"
)

const (
	tableSingle = "switches, one after the other"
	tableSwitch = "switches, all at once"
	tableUpdate = "rolling update"
	tableDrain  = "drain"
	tableReturn = "uncordon after the drain"
	tableJoin   = "join"

	rowHotSwap     = "" // of the table's own row
	rowColdSwap    = "**ProcessHub**, ColdSwap"
	rowStatefulSet = "StatefulSet"
	rowDeployment  = "Deployment, maxUnavailable"
	rowSurge       = "Deployment, maxSurge"
	rowDrained     = "Deployment" // its strategy is of updates
	rowFloor       = "the same two writes by client-go, with nothing to decide"

	none = "—"
)

// result is what one system gave in one kind of move.
type result struct {
	ready, active []time.Duration // without a pod of that kind, of each child that moved
	moved         int
	took          time.Duration
	told          []time.Duration // until `kubectl drain` returned
}

func key(table, row string) string { return table + "/" + row }

func (b *bench) result(table, row string) *result {
	of := b.results[key(table, row)]
	if of == nil {
		of = &result{}
		b.results[key(table, row)] = of
	}
	return of
}

func (r *result) say(table, row string) {
	line := table
	if row != rowHotSwap {
		line += ", " + row
	}
	if r.took > 0 {
		line += fmt.Sprintf(", in %.1f s", r.took.Seconds())
	}
	fmt.Fprintf(os.Stderr, "%s: %d moved\n", line, r.moved)
	if len(r.ready) > 0 {
		fmt.Fprintf(os.Stderr, "    without a Ready pod: %s\n", figures.Spread(r.ready))
	}
	if len(r.active) > 0 {
		fmt.Fprintf(os.Stderr, "    without an active label: %s\n", figures.Spread(r.active))
	}
}

// column of a table: what is told of a result, none where there is nothing.
type column struct {
	name   string
	unit   string
	atMost *float64 // for HotSwap
	of     func(*result) any
}

func columns() []column {
	ready := func(r *result) []time.Duration { return r.ready }
	active := func(r *result) []time.Duration { return r.active }
	quantile := func(of func(*result) []time.Duration, percent int) func(*result) any {
		return func(r *result) any {
			if len(of(r)) == 0 {
				return none
			}
			return figures.Three(figures.Quantile(of(r), percent).Seconds())
		}
	}
	return []column{
		{"no Ready pod: median", "s", nil, quantile(ready, 50)},
		{"no Ready pod: 99 % within", "s", nil, quantile(ready, 99)},
		{"no Ready pod: most", "s", ptr.To(0.0), quantile(ready, 100)},
		{"no active label: median", "s", nil, quantile(active, 50)},
		{"no active label: 99 % within", "s", ptr.To(0.05), quantile(active, 99)},
		{"no active label: most", "s", nil, quantile(active, 100)},
		{"moved", "", nil, func(r *result) any {
			if r.moved == 0 {
				return none
			}
			return r.moved
		}},
		{"a second", "/s", nil, func(r *result) any {
			if r.took == 0 {
				return none
			}
			return figures.Three(float64(r.moved) / r.took.Seconds())
		}},
		{"kubectl drain returns after, median", "s", nil, func(r *result) any {
			if len(r.told) == 0 {
				return none
			}
			return figures.Three(figures.Median(r.told).Seconds())
		}},
	}
}

func (b *bench) figures() []figures.Figure {
	var all []figures.Figure
	add := func(f figures.Figure) {
		if f.Peers == nil {
			f.Peers = map[string]any{}
		}
		f.Command, f.Machine = b.options.command, b.machine.Describe()
		all = append(all, f)
	}
	for _, table := range []string{tableSingle, tableSwitch, tableUpdate, tableDrain, tableReturn, tableJoin} {
		b.addTable(table, add)
	}
	if j := b.joins; j.count > 0 {
		of := fmt.Sprintf("%d times a node joins, %d nodes at first, %d children", j.count, j.nodes, b.options.children)
		if j.minimum > 0 {
			add(figures.Figure{Name: of + ": children moved for each that had to", Unit: "", AtMost: ptr.To(1.05),
				Value: figures.Three(float64(j.moves) / float64(j.minimum)), Peers: map[string]any{}})
		}
		add(figures.Figure{Name: of + ": children moved", Value: j.moves, Unit: "", Peers: map[string]any{
			"had to, by ring/v1": j.minimum, "an equal share for each new node": figures.Three(j.share)}})
	}
	add(figures.Figure{Name: "changes of pods after which two of one child were labelled active", Value: b.doubles, Unit: "", AtMost: ptr.To(0.0)})
	all[len(all)-1].Notes = b.notes()
	return all
}

// addTable with the rows that were measured, and of the columns those that any row has.
func (b *bench) addTable(table string, add func(figures.Figure)) {
	rows := []string{rowHotSwap, rowColdSwap, rowStatefulSet, rowDeployment, rowSurge, rowDrained, rowFloor}
	rows = slices.DeleteFunc(rows, func(row string) bool { return b.results[key(table, row)] == nil })
	if len(rows) == 0 {
		return
	}
	for _, column := range columns() {
		f := figures.Figure{Name: column.name, Table: table, Unit: column.unit, Value: none, Peers: map[string]any{}}
		known := false
		for _, row := range rows {
			value := column.of(b.results[key(table, row)])
			known = known || value != none
			if row != rowHotSwap {
				f.Peers[row] = value
				continue
			}
			f.Value = value
			if value != none {
				f.AtMost = column.atMost
			}
		}
		if known {
			add(f)
		}
	}
}

func (b *bench) notes() []string {
	o := b.options
	notes := []string{fmt.Sprintf("%d children, or pods, of which %s may move at once (migration.maxConcurrent%s; "+
		"maxUnavailable of the StatefulSet, of the Deployment and of the budgets for drains; maxSurge), on %d nodes but for the joins; "+
		"retentionSeconds: %d", o.children, o.atOnce(), map[bool]string{true: " and update.maxUnavailable"}[b.budget], o.nodes, o.retention)}
	if o.starts > 0 || o.ends > 0 {
		notes = append(notes, fmt.Sprintf("a pod is Ready %s after it was made, and ends %s after it was deleted", o.starts, o.ends))
	}
	notes = append(notes, fmt.Sprintf("%d changes of pods were looked at", b.events))
	others := "cores that others used meanwhile:"
	for _, part := range b.others {
		others += " " + part + ","
	}
	return append(notes, others[:len(others)-1])
}
