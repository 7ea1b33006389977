// Places keys with the Go libraries that benchmarks/placement sets beside ours:
//
//	placement LIBRARY NODES POINTS KEYS FOLDER
//
// What it prints and writes: benchmarks/placement/peers/README.md.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

const (
	timed   = 2 * time.Second        // of lookups whose speed is taken
	passed  = 4 * time.Second        // of lookups whose answers are kept
	repeats = 500 * time.Millisecond // of builds
)

type bench struct {
	library library
	nodes   int
	keys    []string
	folder  string
}

func nodeName(number int) string { return fmt.Sprintf("node-%05d.example", number) }

func nodeNumber(name string) uint16 {
	number, err := strconv.Atoi(name[5:10])
	if err != nil {
		log.Fatal(err)
	}
	return uint16(number)
}

func emit(figures map[string]any) {
	text, err := json.Marshal(figures)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", text)
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func median(values []time.Duration) float64 {
	slices.Sort(values)
	return values[len(values)/2].Seconds()
}

// each calls `do` with one key after the other until all are done, or the time is up.
func (b *bench) each(limit time.Duration, do func(key string)) (int, time.Duration) {
	began := time.Now()
	for i, key := range b.keys {
		do(key)
		if i%16 == 15 && time.Since(began) > limit {
			return i + 1, time.Since(began)
		}
	}
	return len(b.keys), time.Since(began)
}

func (b *bench) build() {
	names := make([]string, b.nodes)
	for i := range names {
		names[i] = nodeName(i + 1)
	}
	before := heap()
	var took []time.Duration
	memory := uint64(0)
	for began := time.Now(); len(took) == 0 || time.Since(began) < repeats; {
		start := time.Now()
		b.library.build(names)
		b.library.one(b.keys[0])
		took = append(took, time.Since(start))
		if len(took) == 1 {
			memory = heap() - before
		}
	}
	emit(map[string]any{"build": median(took), "memory": memory})
}

func (b *bench) add(number int) time.Duration {
	name := nodeName(number)
	began := time.Now()
	b.library.add(name)
	b.library.one(b.keys[0])
	return time.Since(began)
}

func (b *bench) lookups() {
	length := 0
	for _, replicas := range []int{1, 3} {
		do := func(key string) { length += len(b.library.one(key)) }
		if replicas > 1 {
			do = func(key string) { length += len(b.library.some(key, replicas)) }
		}
		b.each(timed/10, do) // warms up
		count, took := b.each(timed, do)
		emit(map[string]any{"replicas": replicas, "lookups": float64(count) / took.Seconds()})
	}
	runtime.KeepAlive(length)
}

// place writes the answers to all keys in the present state of the ring.
func (b *bench) place(state string) {
	for _, replicas := range []int{1, 3} {
		var bytes []byte
		b.each(passed, func(key string) {
			names := make([]string, 0, 3)
			if replicas == 1 {
				names = append(names, b.library.one(key))
			} else {
				names = b.library.some(key, replicas)
			}
			for i := range replicas {
				number := uint16(0)
				if i < len(names) {
					number = nodeNumber(names[i])
				}
				bytes = binary.LittleEndian.AppendUint16(bytes, number)
			}
		})
		file := filepath.Join(b.folder, fmt.Sprintf("%s.%d", state, replicas))
		if err := os.WriteFile(file, bytes, 0o644); err != nil {
			log.Fatal(err)
		}
		emit(map[string]any{"placed": state, "replicas": replicas})
	}
}

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: placement LIBRARY NODES POINTS KEYS FOLDER")
	}
	numbers := [3]int{}
	for i, text := range os.Args[2:5] {
		number, err := strconv.Atoi(text)
		if err != nil {
			log.Fatal(err)
		}
		numbers[i] = number
	}
	nodes, points, keys := numbers[0], numbers[1], numbers[2]
	b := bench{library: find(os.Args[1], nodes, points), nodes: nodes, folder: os.Args[5]}
	for i := range keys {
		b.keys = append(b.keys, fmt.Sprintf("default/hub/child-%d", i))
	}

	b.build()
	b.lookups()
	b.place("built")
	added := []time.Duration{b.add(nodes + 1)}
	b.place("joined")
	b.library.remove(nodeName(nodes / 2))
	b.place("left")
	for began := time.Now(); len(added) < 5 && time.Since(began) < passed; {
		added = append(added, b.add(nodes+1+len(added)))
	}
	emit(map[string]any{"add": median(added)})
}
