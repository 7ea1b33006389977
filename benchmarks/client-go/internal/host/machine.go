// Package host tells how busy the machine of a benchmark is, and runs the operator on it.
package host

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

// Machine tells what runs on it: the cluster's daemons, ourselves, and others.
type Machine struct {
	self string // the name of this process
	pids map[string]int
}

// FindMachine: `self` is what this process is called among the others.
func FindMachine(self string) (*Machine, error) {
	cluster := os.Getenv("PROCESSHUB_CLUSTER")
	if cluster == "" {
		return nil, fmt.Errorf("to be run by benchmarks/%s/run, within tests/cluster/cluster run", self)
	}
	m := &Machine{self: self, pids: map[string]int{self: os.Getpid()}}
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

// Sample is the CPU time used so far, in seconds.
type Sample struct {
	At   time.Time
	busy float64            // by the whole machine
	of   map[string]float64 // by each of the known processes
	// By those of our children that have ended.
	children float64
}

// Watch counts a further process as ours, until Unwatch.
func (m *Machine) Watch(name string, pid int) { m.pids[name] = pid }
func (m *Machine) Unwatch(name string)        { delete(m.pids, name) }

func (m *Machine) Sample() Sample {
	s := Sample{At: time.Now(), busy: machineSeconds(), of: map[string]float64{}}
	for name, pid := range m.pids {
		own, children := cpuSeconds(pid)
		s.of[name] = own
		if name == m.self {
			s.children = children
		}
	}
	return s
}

// OthersSince is how many cores others used since `before`. A process that was started
// or ended in between is one of ours all the same.
func (s Sample) OthersSince(before Sample) float64 {
	ours := s.children - before.children
	for name, seconds := range s.of {
		ours += seconds - before.of[name]
	}
	for name, seconds := range before.of {
		if _, alive := s.of[name]; !alive {
			ours -= seconds // it has ended: `children` holds all that it used
		}
	}
	return max(0, (s.busy-before.busy-ours)/s.At.Sub(before.At).Seconds())
}

// DaemonsSince is the CPU time of each of our processes since `before`.
func (s Sample) DaemonsSince(before Sample) map[string]float64 {
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

// PeakMemory is the most that a process ever had resident, in MB.
func PeakMemory(pid int) float64 {
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

func LoadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// AwaitQuietOthers waits until others leave the machine alone, but all its calls together
// no longer than `patience`.
func (m *Machine) AwaitQuietOthers(ctx context.Context, cores float64, patience *time.Duration) {
	for *patience > 0 && ctx.Err() == nil {
		*patience -= 3 * time.Second
		before := m.Sample()
		time.Sleep(3 * time.Second)
		if m.Sample().OthersSince(before) <= cores {
			return
		}
	}
}

// AwaitQuiet waits, at most a minute, until the cluster itself has nothing more to do
// than its heartbeats.
func (m *Machine) AwaitQuiet(ctx context.Context) {
	const cores = 0.35
	until := time.Now().Add(time.Minute)
	for time.Now().Before(until) && ctx.Err() == nil {
		before := m.Sample()
		time.Sleep(2 * time.Second)
		used := 0.0
		for _, seconds := range m.Sample().DaemonsSince(before) {
			used += seconds
		}
		if used/2 <= cores {
			return
		}
	}
}

// Describe says what the machine is, for the results.
func (m *Machine) Describe() string {
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
