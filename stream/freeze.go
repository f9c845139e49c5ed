package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"orrery/models"
	"orrery/models/slab"
	"orrery/stream/snapshot"
)

// Sections of the stream's own in a snapshot; a Machine's names must not begin like them.
const (
	ownPrefix    = "stream/"
	countersName = ownPrefix + "counters"
	seenPrefix   = ownPrefix + "seen/" // then topic, slash, partition
	ownVersion   = 2                   // 1 had the ids of seen without publicID
)

// frozen is the state of one moment, on its way to disk.
type frozen struct {
	header   snapshot.Header
	sections []Section
	letters  uint64       // dead letters handed over until then: they must be safe before the snapshot is
	asks     []chan error // of whoever waits for this snapshot
}

// freeze marks the state of this moment. Only the applying goroutine calls it, between batches, and not before the
// frozen state of the time before has been written or closed.
func (p *Pipeline) freeze(now time.Time) *frozen {
	f := p.fold
	out := &frozen{letters: p.letters.sent()}
	out.header = snapshot.Header{
		Written: now.UTC(), Build: p.cfg.Build, Fingerprint: p.cfg.Fingerprint, NewestEvent: f.counters.newestEvent.Std(), Seed: p.seed,
	}
	for i := range f.parts {
		part := &f.parts[i]
		out.header.Positions = append(out.header.Positions, snapshot.Position{
			Topic: part.name, TopicID: topicID(part.id), Partition: part.part, Next: part.next, Epoch: part.epoch,
		})
		sets := part.seen.freeze()
		name := seenPrefix + string(part.topic) + "/" + strconv.Itoa(int(part.part))
		out.sections = append(out.sections, Section{Name: name, Version: ownVersion, Data: sets, Close: sets.close})
	}
	out.sections = append(out.sections, Section{Name: countersName, Version: ownVersion, Data: f.counters.freeze()})
	out.sections = append(out.sections, p.cfg.Machine.Freeze()...)
	return out
}

// close lets go of frozen memory.
func (f *frozen) close() {
	for _, s := range f.sections {
		if s.Close != nil {
			s.Close()
		}
	}
}

// countersState is the section of the counters, as JSON.
type countersState struct {
	Taken       uint64            `json:"taken"`
	Duplicates  uint64            `json:"duplicates"`
	Letters     map[string]uint64 `json:"dead_letters"`
	Newest      models.Time       `json:"newest_record"`
	NewestEvent models.Time       `json:"newest_event"`
}

func (c *counters) freeze() io.WriterTo {
	b, err := json.Marshal(countersState{c.taken, c.duplicates, c.letters, c.newest, c.newestEvent})
	if err != nil {
		panic(fmt.Sprintf("BUG: stream: counters: %v", err)) // numbers and strings
	}
	return bytes.NewReader(b)
}

func (c *counters) restore(r io.Reader) error {
	var s countersState
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return fmt.Errorf("cannot read the counters: %w", err)
	}
	if s.Letters == nil {
		s.Letters = make(map[string]uint64)
	}
	*c = counters{s.Taken, s.Duplicates, s.Letters, s.Newest, s.NewestEvent}
	return nil
}

// restoreSection reads a section into the fold or the machine.
func (p *Pipeline) restoreSection(name string, version uint16, r io.Reader) error {
	if !strings.HasPrefix(name, ownPrefix) {
		return p.restoreMachine(name, version, r)
	}
	if version != ownVersion && version != ownVersion-1 {
		return fmt.Errorf("cannot read version %d of it: this build reads %d and %d", version, ownVersion-1, ownVersion)
	}
	if name == countersName {
		return p.fold.counters.restore(r)
	}
	topic, number, _ := strings.Cut(strings.TrimPrefix(name, seenPrefix), "/")
	part, err := strconv.Atoi(number)
	i := p.index(models.Topic(topic), int32(part))
	if err != nil || i < 0 {
		return fmt.Errorf("cannot tell what it is")
	}
	return p.fold.parts[i].seen.restore(r, version)
}

// restoreMachine reads a section into the machine, which may go on without it.
func (p *Pipeline) restoreMachine(name string, version uint16, r io.Reader) error {
	err := p.cfg.Machine.Restore(name, version, r)
	var dropped *slab.Dropped
	if !errors.As(err, &dropped) {
		return err
	}
	p.cfg.Cluster.log().Warn("going on without a part of the snapshot", "section", name, "because", dropped.Because)
	_, err = io.Copy(io.Discard, r)
	return err
}

// index returns the place of a partition among those of the fold, -1 for one that is not read.
func (p *Pipeline) index(topic models.Topic, partition int32) int {
	for i := range p.fold.parts {
		if p.fold.parts[i].topic == topic && p.fold.parts[i].part == partition {
			return i
		}
	}
	return -1
}
