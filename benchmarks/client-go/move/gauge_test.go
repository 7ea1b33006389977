package main

import (
	"slices"
	"testing"
	"time"
)

func at(seconds int) time.Time { return time.Unix(int64(seconds), 0) }

func seconds(list ...int) []time.Duration {
	var durations []time.Duration
	for _, s := range list {
		durations = append(durations, time.Duration(s)*time.Second)
	}
	return durations
}

func TestGaugeAddsUpWhatIsWithout(t *testing.T) {
	g := gauge{since: at(0)}
	g.change(1, at(5))
	g.begin(at(10))
	g.change(1, at(11)) // the new one beside the old one
	g.change(-1, at(12))
	if got := g.total(at(13)); got != 0 {
		t.Errorf("one was there all the time, and yet %s without", got)
	}
	g.change(-1, at(14))
	g.change(1, at(17))
	g.change(-1, at(20))
	if got := g.total(at(21)); got != 4*time.Second {
		t.Errorf("3 s, and 1 s so far: not %s", got)
	}
}

func TestPoolFillsThePlaceThatHasBeenEmptyForLongest(t *testing.T) {
	p := pool{}
	for range 3 {
		p.change(1, at(0))
	}
	p.begin(3)
	p.change(-1, at(10))
	p.change(-1, at(12))
	p.change(1, at(13))
	p.change(1, at(20))
	p.change(1, at(21)) // one more than needed
	p.change(-1, at(22))
	if want := seconds(3, 8, 0); !slices.Equal(p.gaps, want) {
		t.Errorf("%v, not %v", p.gaps, want)
	}
}
