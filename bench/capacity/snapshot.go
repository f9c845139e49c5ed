package capacity

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/stream/snapshot"
)

// Snapshot is what saving and restoring takes.
type Snapshot struct {
	Bytes     int64         `json:"bytes"`
	Freeze    time.Duration `json:"freeze_ns"`     // the stream stands still for it
	Write     time.Duration `json:"write_ns"`      // to durable, while events went on being applied
	Batch     time.Duration `json:"batch_max_ns"`  // the longest batch of 256 events meanwhile
	Before    time.Duration `json:"before_max_ns"` // and the longest of as many before
	Meanwhile int           `json:"events_meanwhile"`
	Restore   time.Duration `json:"restore_ns"` // into a new engine, the file in the page cache
}

// stallEvents is how many events are applied before a snapshot to compare with.
const stallEvents = 200 * batchEvents

// save takes a snapshot beside the stream, and restores it.
func save(f *feeder, dir string) (s Snapshot, err error) {
	store, err := snapshot.OpenStore(dir)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	f.most = 0
	for end := f.n + stallEvents; f.n < end; {
		if err := f.put(f.site.Load().Next()); err != nil {
			return s, err
		}
	}
	s.Before, f.most = f.most, 0
	want := f.engine.Stats()
	saved := make(chan error, 1)
	began := time.Now()
	frozen := f.engine.Freeze()
	s.Freeze = time.Since(began)
	go func() {
		sections := make([]snapshot.Section, len(frozen))
		for i, x := range frozen {
			sections[i] = snapshot.Section{Name: x.Name, Version: x.Version, Data: x.Data}
		}
		file, err := store.Save(snapshot.Header{Written: began, NewestEvent: want.StreamTime.Std()}, sections, nil)
		s.Bytes, s.Write = file.Size, time.Since(began)
		for _, x := range frozen {
			if x.Close != nil {
				x.Close()
			}
		}
		saved <- err
	}()
	if err := f.until(saved); err != nil {
		return s, err
	}
	s.Batch, s.Meanwhile = f.most, f.n
	s.Restore, err = restore(store, &want)
	return s, err
}

// until applies views at some 20,000 a second until done delivers.
func (f *feeder) until(done chan error) error {
	f.n = 0
	for tick := time.NewTicker(batchEvents * time.Second / 20_000); ; {
		select {
		case err := <-done:
			tick.Stop()
			return err
		case <-tick.C:
		}
		for range batchEvents {
			if err := f.put(f.site.Load().Next()); err != nil {
				tick.Stop()
				return errors.Join(err, <-done)
			}
		}
	}
}

// restore reads the snapshot into a new engine and checks that it has taken what the old one had.
func restore(store *snapshot.Store, want *models.Stats) (time.Duration, error) {
	e, err := engine.New(engine.Config{})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	_, ok, err := store.Load(func(snapshot.Header) error { return nil },
		func(i snapshot.Info, r io.Reader) error { return e.Restore(i.Name, i.Version, r) }, func(snapshot.File, error) {})
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	got := e.Stats()
	if !ok || !maps.Equal(got.Events, want.Events) || got.Orders != want.Orders || got.Visitors != want.Visitors || got.Items != want.Items {
		return 0, fmt.Errorf("cannot restore the snapshot: it holds %d events, not %d", got.Total, want.Total)
	}
	return took, nil
}
