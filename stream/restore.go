package stream

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/models"
	"orrery/stream/snapshot"
)

// ErrRepartitioned says that a topic has another number of partitions than when the snapshot was written. A visitor's events
// may come in another partition than before, where repeats of old ones are not known, and order is kept with none of them.
var ErrRepartitioned = errors.New("the number of partitions has changed since the snapshot was written")

// ErrShortLog says that the state is to be folded anew, and the log does not hold everything any more that the snapshots do.
var ErrShortLog = errors.New("the log does not begin at its start any more")

func topicID(id kadm.TopicID) string {
	if id == (kadm.TopicID{}) {
		return "" // brokers before Kafka 2.8
	}
	return id.String()
}

// restore reads the newest usable snapshot into the fold and the machine. The fold stands at the log's start when
// there is none.
func (p *Pipeline) restore(log []logPart) error {
	if p.cfg.Rebuild {
		if err := p.mayRebuild(log); err != nil {
			return err
		}
		return p.begin(log)
	}
	start, damaged := time.Now(), 0
	var written snapshot.Header
	file, ok, err := p.saver.store.Load(
		func(h snapshot.Header) error { written = h; return p.accept(h, log) },
		func(s snapshot.Info, r io.Reader) error { return p.restoreSection(s.Name, s.Version, r) },
		func(f snapshot.File, err error) {
			damaged++
			p.cfg.Cluster.log().Error("passing over a damaged snapshot", "file", f.Path, "error", err)
		})
	if ok {
		p.saver.status = SnapshotStatus{Sequence: file.Sequence, Bytes: file.Size, Written: written.Written, Restore: time.Since(start)}
	}
	if ok && err == nil && p.cfg.Restored != nil {
		err = p.cfg.Restored(written.Fingerprint)
	}
	if err != nil || ok {
		return err
	}
	p.keyed(p.cfg.Seed)
	if damaged > 0 && p.cfg.Base == nil && !p.cfg.AcceptGap {
		if err := wholeLog(log); err != nil {
			return fmt.Errorf("cannot use any snapshot, and %w: %w", err, ErrGap)
		}
	}
	return p.begin(log)
}

// mayRebuild refuses to give up snapshots for a log that holds less, unless that was asked for.
func (p *Pipeline) mayRebuild(log []logPart) error {
	files, err := snapshot.List(p.cfg.Dir)
	if err != nil || len(files) == 0 || p.cfg.AcceptGap || p.cfg.Base != nil { // whose positions are looked at
		return err
	}
	if err := wholeLog(log); err != nil {
		return fmt.Errorf("cannot fold the log anew: %w, and what came before is in the snapshots only: %w", err, ErrShortLog)
	}
	return nil
}

// wholeLog returns an error where the log does not begin at offset 0. Catalogue and settings are compacted, not cut: their newest
// records say all that the older ones did. What was learned is learned anew.
func wholeLog(log []logPart) error {
	for _, l := range log {
		if l.start > 0 && l.topic != models.Catalogue && l.topic != models.Learned && l.topic != models.Settings {
			return fmt.Errorf("partition %d of topic %q begins at offset %d", l.part, l.name, l.start)
		}
	}
	return nil
}

// samePartitioning returns an error where a topic of the snapshot has got more partitions, or less.
func samePartitioning(h snapshot.Header, log []logPart) error {
	then, now := make(map[string]int), make(map[string]int)
	for _, pos := range h.Positions {
		then[pos.Topic]++
	}
	for _, l := range log {
		now[l.name]++
	}
	for _, l := range log {
		if n := then[l.name]; n > 0 && n != now[l.name] {
			return fmt.Errorf("topic %q has %d partitions, and the state comes from %d: %w", l.name, now[l.name], n, ErrRepartitioned)
		}
	}
	return nil
}

// accept checks a snapshot against the log, and positions the fold where it stands.
func (p *Pipeline) accept(h snapshot.Header, log []logPart) error {
	if err := samePartitioning(h, log); err != nil {
		return err
	}
	if p.keyed(h.Seed); h.Seed != p.cfg.Seed {
		p.cfg.Cluster.log().Warn("going on with the snapshot's hash seed: the log has another one")
	}
	type key struct {
		topic string
		part  int32
	}
	at := make(map[key]int)
	for i := range p.fold.parts {
		at[key{p.fold.parts[i].name, p.fold.parts[i].part}] = i
	}
	for _, pos := range h.Positions {
		i, ok := at[key{pos.Topic, pos.Partition}]
		if !ok {
			return fmt.Errorf("cannot find partition %d of topic %q, which is part of the state: %w", pos.Partition, pos.Topic, ErrGap)
		}
		if err := p.place(&p.fold.parts[i], pos, log[i]); err != nil {
			return err
		}
	}
	return nil
}

// place moves a partition to where the snapshot stands, if the log can be followed from there.
func (p *Pipeline) place(part *partition, pos snapshot.Position, l logPart) error {
	err := follows(pos, l)
	if err == nil {
		part.next, part.epoch = pos.Next, pos.Epoch
		return nil
	}
	if !p.cfg.AcceptGap {
		return err
	}
	p.cfg.Cluster.log().Warn("going on behind a gap", "error", err, "from", l.start)
	return nil // the fold stands at the log's start
}

func follows(pos snapshot.Position, l logPart) error {
	if err := sameTopic(pos.TopicID, l); err != nil {
		return err
	}
	switch {
	case pos.Next < l.start:
		return fmt.Errorf("records %d to %d of partition %d of topic %q have expired: %w",
			pos.Next, l.start-1, l.part, l.name, ErrGap)
	case pos.Next > l.end:
		return fmt.Errorf("partition %d of topic %q ends at offset %d, before %d, where the state stands: %w",
			l.part, l.name, l.end, pos.Next, ErrGap)
	}
	return nil
}

// sameTopic returns an error where a topic was deleted and made anew since it had an id: its offsets say nothing then.
func sameTopic(id string, l logPart) error {
	if now := topicID(l.id); id != "" && now != "" && id != now {
		return fmt.Errorf("topic %q was deleted and made anew: %w", l.name, ErrGap)
	}
	return nil
}
