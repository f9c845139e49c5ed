package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"orrery/models"
	"orrery/serve"
	"orrery/stream"
	"orrery/stream/broker"
)

// watch looks once a second at what the process stands on: the data folder, the room on its disk, and whether each partition
// of the log moves. What it finds is told by checks; none of it takes frames away, as they need memory only.
type watch struct {
	dir     string
	folders map[string]os.FileInfo // as they were at the start
	status  func() stream.Status
	stands  map[string]standing

	gone, space, stalled atomic.Pointer[string] // what is wrong, nil where nothing is

	stop chan struct{}
	done chan struct{}
}

// standing is where a partition was found, and since when.
type standing struct {
	next  int64
	since time.Time
}

const (
	watchEvery   = time.Second
	stallPatient = 20 * time.Second // a partition that has records and does not move for so long stands still
)

// startWatch starts to look. The folders must be there.
func startWatch(status func() stream.Status, dir string, folders ...string) *watch {
	w := &watch{
		dir: dir, folders: map[string]os.FileInfo{}, status: status, stands: map[string]standing{},
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	for _, f := range append(folders, dir) {
		if info, err := os.Stat(f); err == nil {
			w.folders[f] = info
		}
	}
	w.look(time.Now())
	go w.run()
	return w
}

// Close ends the watch.
func (w *watch) Close() {
	close(w.stop)
	<-w.done
}

func (w *watch) run() {
	defer close(w.done)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case now := <-tick.C:
			w.look(now)
		}
	}
}

func (w *watch) look(now time.Time) {
	say(&w.gone, w.missing())
	say(&w.space, scarce(w.dir))
	say(&w.stalled, w.standing(now))
}

func say(p *atomic.Pointer[string], text string) {
	if text == "" {
		p.Store(nil)
		return
	}
	p.Store(&text)
}

// missing looks whether the folders are the ones that the process works in: one that was removed or replaced holds nothing
// of what is written from then on.
func (w *watch) missing() string {
	for path, was := range w.folders {
		now, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "the folder is gone; what is written now is lost: stop, bring it back, start"
		case err != nil:
			return "the folder cannot be looked at: " + cause(err)
		case !os.SameFile(was, now):
			return "the folder was replaced by another one; what is written now is lost: stop, bring it back, start"
		}
	}
	return ""
}

// scarce tells that a disk is full, or so nearly that the next segment or snapshot will not find room.
func scarce(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "" // a folder that is gone is told by its own name
	}
	total, free := int64(s.Blocks)*int64(s.Bsize), int64(s.Bavail)*int64(s.Bsize)
	if least := min(max(total/200, 1<<20), 256<<20); free < least {
		return fmt.Sprintf("%d MiB of %d MiB are left", free>>20, total>>20)
	}
	return ""
}

// standing tells that a partition has records and does not move, although the state had caught up with the log.
func (w *watch) standing(now time.Time) string {
	s := w.status()
	for _, p := range s.Partitions {
		name := fmt.Sprintf("%s/%d", p.Topic, p.Partition)
		was, known := w.stands[name]
		if !known || was.next != p.Next || p.Lag <= p.Held || !s.Ready {
			w.stands[name] = standing{p.Next, now}
			continue
		}
		if past := now.Sub(was.since); past >= stallPatient {
			return fmt.Sprintf("%s stands at offset %d for %s, %d records behind", name, p.Next, past.Round(time.Second), p.Lag)
		}
	}
	return ""
}

// cause returns the last part of an error: what went wrong, without the path where.
func cause(err error) string { return lastPart(err.Error()) }

func lastPart(text string) string {
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return text[i+2:]
	}
	return text
}

func told(p *atomic.Pointer[string], fine string) func() (bool, string) {
	return func() (bool, string) {
		if bad := p.Load(); bad != nil {
			return false, *bad
		}
		return true, fine
	}
}

// checks are what the watch knows, and what the parts of the node know by themselves.
func (n *node) checks() []serve.Check {
	list := []serve.Check{
		{Name: "data_folder", Probe: told(&n.watch.gone, "it is where it was at the start")},
		{Name: "disk", Probe: told(&n.watch.space, "there is room")},
		{Name: "partitions", Probe: told(&n.watch.stalled, "all of them move")},
		{Name: "snapshots", Probe: n.snapshots},
		{Name: "customer_fit", Probe: n.fitter.probe},
		{Name: "memory", Probe: n.memory.check},
		{Name: "log_writes", Probe: writes{n.writer}.probe},
		{Name: "partitioner", Probe: progress{n.pipeline}.placed},
		{Name: "speaker", Probe: progress{n.pipeline}.spoken},
	}
	if n.broker != nil {
		list = append(list, serve.Check{Name: "log_intact", Probe: intact(n.broker)}, serve.Check{Name: "log_quota", Probe: quota(n.broker)})
	}
	return list
}

func (n *node) snapshots() (bool, string) {
	if s := n.pipeline.Status().Snapshot; s.Error != "" {
		return false, "the newest attempt failed: " + lastPart(s.Error)
	}
	return true, "they are written"
}

// intact tells whether the start has found records of the log that are lost.
func intact(b *broker.Broker) func() (bool, string) {
	var lost []string
	for _, d := range b.Damage() {
		if d.Lost {
			lost = append(lost, d.String())
		}
	}
	return func() (bool, string) {
		if len(lost) == 0 {
			return true, "no record was found damaged at the start"
		}
		return false, fmt.Sprintf("damaged, skipped at the start: %s", strings.Join(lost[:min(len(lost), 8)], "; "))
	}
}

func quota(b *broker.Broker) func() (bool, string) {
	return func() (bool, string) {
		size, most := b.Size()
		if most <= 0 {
			return true, fmt.Sprintf("%d MiB, without a bound", size>>20)
		}
		return !b.Full(), fmt.Sprintf("%d MiB of %d MiB are used", size>>20, most>>20)
	}
}

// guarded is a log that takes nothing while what it takes would be lost, or has no room.
type guarded struct {
	serve.Log
	watch  *watch
	broker *broker.Broker // nil with a cluster
	behind interface{ Full(most uint64) error }
	most   uint64 // events taken here that the models may be behind; 0: any
}

// Append implements serve.Log.
func (g guarded) Append(ctx context.Context, records []models.Record) error {
	if g.broker != nil {
		if g.watch.gone.Load() != nil {
			return errFolder
		}
		if g.broker.Full() {
			return models.ErrQuota
		}
	}
	if g.most > 0 {
		if err := g.behind.Full(g.most); err != nil {
			return err
		}
	}
	return g.Log.Append(ctx, records)
}

var errFolder = errors.New("the data folder is gone, and the log with it")
