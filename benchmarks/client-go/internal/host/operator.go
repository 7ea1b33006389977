package host

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Operator is a process of it, started for one run, so that its peak of memory is that
// run's own.
type Operator struct {
	command *exec.Cmd
	ended   chan error
}

// StartOperator returns once it leads.
func StartOperator(ctx context.Context, binary, flags, logFile string) (*Operator, error) {
	file, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	arguments := append([]string{"--bind-address", "127.0.0.1:0", "--log-format", "text"}, strings.Fields(flags)...)
	command := exec.Command(binary, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// One pipe for both, as the log may go to either.
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	command.Stdout, command.Stderr = writer, writer
	if err := command.Start(); err != nil {
		return nil, err
	}
	writer.Close()
	leads := make(chan struct{})
	go func() {
		defer file.Close()
		lines := bufio.NewScanner(io.TeeReader(reader, file))
		told := false
		for lines.Scan() {
			if !told && strings.Contains(lines.Text(), "leading") && !strings.Contains(lines.Text(), "not leading") {
				told = true
				close(leads)
			}
		}
	}()
	o := &Operator{command: command, ended: make(chan error, 1)}
	go func() { o.ended <- command.Wait() }()
	select {
	case <-leads:
		return o, nil
	case err := <-o.ended:
		return nil, fmt.Errorf("the operator has ended: %v", err)
	case <-time.After(time.Minute):
		command.Process.Kill()
		return nil, fmt.Errorf("the operator does not lead after a minute")
	case <-ctx.Done():
		command.Process.Kill()
		return nil, ctx.Err()
	}
}

func (o *Operator) PID() int { return o.command.Process.Pid }

func (o *Operator) Stop() {
	o.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-o.ended:
	case <-time.After(15 * time.Second):
		o.command.Process.Kill()
		<-o.ended
	}
}
