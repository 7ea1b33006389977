package main

import "time"

// gauge adds up the time in which a place has no pod of a kind (Ready, or active).
type gauge struct {
	holders int
	since   time.Time // when there was none any more
	without time.Duration
}

func (g *gauge) change(by int, now time.Time) {
	if g.holders == 0 {
		g.without += now.Sub(g.since)
	}
	g.holders += by
	if g.holders == 0 {
		g.since = now
	}
}

func (g *gauge) begin(now time.Time) { g.without, g.since = 0, now }

func (g *gauge) total(now time.Time) time.Duration {
	if g.holders == 0 {
		return g.without + now.Sub(g.since)
	}
	return g.without
}

// pool does the same where pods have no names: there are as many places as replicas. When a
// Ready pod goes and fewer than those are left, its place is empty, until a pod becomes Ready:
// that takes the place which has been empty for longest. The sum is what it would be in any
// order, the longest gap the shortest possible.
type pool struct {
	replicas, ready int
	empty           []time.Time
	gaps            []time.Duration // of each Ready pod that went
}

func (p *pool) change(by int, now time.Time) {
	p.ready += by
	switch {
	case by > 0 && len(p.empty) > 0:
		p.gaps = append(p.gaps, now.Sub(p.empty[0]))
		p.empty = p.empty[1:]
	case by < 0 && p.ready < p.replicas:
		p.empty = append(p.empty, now)
	case by < 0:
		p.gaps = append(p.gaps, 0)
	}
}

// begin with all of them Ready.
func (p *pool) begin(replicas int) { p.replicas, p.empty, p.gaps = replicas, nil, nil }
