package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const ticksPerSecond = 100 // of /proc: USER_HZ, the same on every Linux

// machine tells what runs on it: the cluster's daemons, ourselves, and others.
type machine struct {
	cluster string // the state folder of tests/cluster
	pids    map[string]int
}

func findMachine() (*machine, error) {
	cluster := os.Getenv("PROCESSHUB_CLUSTER")
	if cluster == "" {
		return nil, fmt.Errorf("to be run by benchmarks/scale/run, within tests/cluster/cluster run")
	}
	m := &machine{cluster: cluster, pids: map[string]int{"scale": os.Getpid()}}
	files, err := filepath.Glob(filepath.Join(cluster, "pid", "*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, err
		}
		m.pids[filepath.Base(file)] = pid
	}
	return m, nil
}

// sample is the CPU time used so far, in seconds.
type sample struct {
	at   time.Time
	busy float64            // by the whole machine
	of   map[string]float64 // by each of the known processes
	// By those of our children that have ended.
	children float64
}

func (m *machine) sample() sample {
	s := sample{at: time.Now(), busy: machineSeconds(), of: map[string]float64{}}
	for name, pid := range m.pids {
		own, children := cpuSeconds(pid)
		s.of[name] = own
		if name == "scale" {
			s.children = children
		}
	}
	return s
}

// othersSince is how many cores others used since `before`. A process that was started
// or ended in between is one of ours all the same.
func (s sample) othersSince(before sample) float64 {
	ours := s.children - before.children
	for name, seconds := range s.of {
		ours += seconds - before.of[name]
	}
	for name, seconds := range before.of {
		if _, alive := s.of[name]; !alive {
			ours -= seconds // it has ended: `children` holds all that it used
		}
	}
	return max(0, (s.busy-before.busy-ours)/s.at.Sub(before.at).Seconds())
}

// daemonsSince is the CPU time of each of our processes since `before`.
func (s sample) daemonsSince(before sample) map[string]float64 {
	used := map[string]float64{}
	for name, seconds := range s.of {
		used[name] = seconds - before.of[name]
	}
	return used
}

// machineSeconds: user, nice, system, irq and softirq of all cores.
func machineSeconds() float64 {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		log.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	ticks := 0.0
	for _, i := range []int{1, 2, 3, 6, 7} {
		value, _ := strconv.ParseFloat(fields[i], 64)
		ticks += value
	}
	return ticks / ticksPerSecond
}

// cpuSeconds of a process, and of its children that have ended; 0 where it is gone.
func cpuSeconds(pid int) (own, children float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))
	seconds := func(i int) float64 {
		value, _ := strconv.ParseFloat(fields[i], 64)
		return value / ticksPerSecond
	}
	return seconds(11) + seconds(12), seconds(13) + seconds(14)
}

// peakMemory is the most that a process ever had resident, in MB.
func peakMemory(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kilobytes * 1024 / 1e6
		}
	}
	return 0
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// awaitQuietOthers waits until others leave the machine alone, but all its calls together
// no longer than `patience`.
func (m *machine) awaitQuietOthers(ctx context.Context, cores float64, patience *time.Duration) {
	for *patience > 0 && ctx.Err() == nil {
		*patience -= 3 * time.Second
		before := m.sample()
		time.Sleep(3 * time.Second)
		if m.sample().othersSince(before) <= cores {
			return
		}
	}
}

// awaitQuiet waits, at most a minute, until the cluster itself has nothing more to do
// than its heartbeats.
func (m *machine) awaitQuiet(ctx context.Context) {
	const cores = 0.35
	until := time.Now().Add(time.Minute)
	for time.Now().Before(until) && ctx.Err() == nil {
		before := m.sample()
		time.Sleep(2 * time.Second)
		used := 0.0
		for _, seconds := range m.sample().daemonsSince(before) {
			used += seconds
		}
		if used/2 <= cores {
			return
		}
	}
}

// describe says what the machine is, for the results.
func (m *machine) describe() string {
	cpus, model, memory, system := 0, "", "", ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				cpus++
				model = strings.TrimSpace(value)
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		kilobytes, _ := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
		memory = fmt.Sprintf("%.0f GB", kilobytes*1024/1e9)
	}
	if text, err := os.ReadFile("/etc/os-release"); err == nil {
		for line := range strings.Lines(string(text)) {
			if value, found := strings.CutPrefix(line, "PRETTY_NAME="); found {
				system = strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s, %s", cpus, model, memory, system)
}
