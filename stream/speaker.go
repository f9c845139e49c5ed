package stream

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	beatEvery = 300 * time.Millisecond

	// lease is how long an instance speaks after it has sent what it then read back. It is shorter than silence, which others
	// count from a later moment: so an instance that was stopped, or cut off, has fallen silent before another begins.
	lease   = 1500 * time.Millisecond
	silence = 2 * time.Second
	// jitter spreads the claims of several that hear the same silence, at most.
	jitter = 500 * time.Millisecond
	// unready is how much longer an instance waits that has not caught up with the log: another may have.
	unready = 2 * time.Second

	speakerTick = 100 * time.Millisecond
	// turnsBack is how many records are read at the start: enough to find the newest epoch behind late beats of an older one.
	turnsBack = 64
)

// speaker finds out which of several instances that read the same log speaks for it: writes dead letters, scores, committed
// offsets. Who speaks has claimed an epoch in the topic of turns: the first claim of an epoch in the log wins, all read the same
// order, so all agree. It goes on with a beat every 300 ms; after 2 s without one others claim the next epoch.
type speaker struct {
	p      *Pipeline
	client *kgo.Client
	topic  string
	me     string
	wait   time.Duration // this instance's own share of jitter
	start  time.Time
	log    *slog.Logger

	until atomic.Int64 // nanoseconds since start until which this instance may speak
	turns atomic.Uint64

	mu      sync.Mutex
	epoch   uint32
	holder  string
	heard   time.Duration            // when something of the holder was read
	spoken  time.Duration            // when this instance sent its newest claim or beat
	pending bool                     // a claim is on its way
	end     int64                    // of the topic at the start
	synced  bool                     // and it is read to there
	sent    map[uint64]time.Duration // what of this instance has not been read back: number, when it was sent
	number  uint64                   // of the newest of them: tells the records of an epoch apart
}

func newSpeaker(p *Pipeline) (*speaker, error) {
	var id [6]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("cannot make a name for this instance: %w", err)
	}
	host, _ := os.Hostname() // a name for people
	s := &speaker{
		p: p, topic: p.cfg.Cluster.Topic(Turns), me: host[:min(len(host), maxInstance/2)] + "-" + hex.EncodeToString(id[:]),
		wait: jitter * time.Duration(id[0]) / 256, start: time.Now(), log: p.cfg.Cluster.log(),
		sent: make(map[uint64]time.Duration),
	}
	return s, nil
}

func (s *speaker) now() time.Duration { return time.Since(s.start) }

// speaks tells whether this instance may speak at this moment.
func (s *speaker) speaks() bool { return int64(s.now()) < s.until.Load() }

// run follows the topic until ctx ends, and resigns then.
func (s *speaker) run(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer s.client.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		for ctx.Err() == nil {
			fetches := s.client.PollFetches(ctx)
			fetches.EachRecord(s.hear)
			if len(fetches.Errors()) > 0 {
				time.Sleep(speakerTick) // the client asks again by itself
			}
		}
	}()
	tick := time.NewTicker(speakerTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			<-read
			if !s.p.cfg.crash {
				s.resign()
			}
			return nil
		case <-tick.C:
			s.tick(ctx)
		}
	}
}

// open looks up where the topic ends, and reads from a little before.
func (s *speaker) open(ctx context.Context) (err error) {
	var start, end kadm.ListedOffset
	err = untilBorn(ctx, birth, func() error {
		starts, err := s.p.adm.ListStartOffsets(ctx, s.topic)
		if err != nil {
			return fmt.Errorf("cannot list where topic %q starts: %w", s.topic, err)
		}
		ends, err := s.p.adm.ListEndOffsets(ctx, s.topic)
		if err != nil {
			return fmt.Errorf("cannot list where topic %q ends: %w", s.topic, err)
		}
		known := false
		start, _ = starts.Lookup(s.topic, 0)
		if end, known = ends.Lookup(s.topic, 0); !known {
			return fmt.Errorf("cannot read topic %q: %w", s.topic, ErrNoTopic)
		}
		return end.Err
	})
	if err != nil {
		return err
	}
	from := max(start.Offset, end.Offset-turnsBack)
	s.end, s.synced = end.Offset, from >= end.Offset
	s.client, err = s.p.cfg.Cluster.client(
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{s.topic: {0: kgo.NewOffset().At(from)}}),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(fetchWait),
		kgo.ProducerLinger(0),
		// What did not get through by then is of no use any more: others have claimed.
		kgo.RecordDeliveryTimeout(silence), kgo.AllowIdempotentProduceCancellation(),
	)
	return err
}

// hear takes a record of the topic.
func (s *speaker) hear(r *kgo.Record) {
	s.turns.Add(1)
	t, err := readTurn(r.Value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.synced = s.synced || r.Offset+1 >= s.end
	if err != nil || t.epoch < s.epoch || t.epoch == s.epoch && t.instance != s.holder {
		return // of a later build, late, or a claim that came second
	}
	if t.epoch > s.epoch {
		if s.holder != t.instance {
			s.log.Info("another instance speaks for the log", "epoch", t.epoch, "instance", t.instance, "this", t.instance == s.me)
		}
		s.epoch, s.holder, s.pending = t.epoch, t.instance, false
	}
	s.heard = s.now()
	if t.kind == kindResign {
		s.holder = ""
	}
	if s.holder != s.me {
		s.until.Store(0)
		s.p.letters.safe(t.safe)
		return
	}
	if sent, ok := s.sent[t.number]; ok {
		s.until.Store(int64(sent + lease))
		delete(s.sent, t.number)
	}
}

// tick beats, or claims, where it is time.
func (s *speaker) tick(ctx context.Context) {
	now := s.now()
	s.mu.Lock()
	var t turn
	switch {
	case s.holder == s.me:
		if now-s.spoken >= beatEvery {
			t = turn{kind: kindBeat, epoch: s.epoch}
		}
	case s.synced && !s.pending && now-s.heard >= s.patience():
		s.pending = true
		t = turn{kind: kindClaim, epoch: s.epoch + 1}
	}
	s.mu.Unlock()
	if t.kind != 0 {
		s.send(ctx, t)
	}
	if s.speaks() {
		s.p.letters.release(ctx)
	}
}

// patience is how long nothing may be heard before this instance claims. Where nobody speaks there is nobody to wait for.
func (s *speaker) patience() time.Duration {
	least := s.wait
	if s.holder != "" {
		least += silence
	}
	if !s.p.CaughtUp() {
		least += unready
	}
	return least
}

func (s *speaker) send(ctx context.Context, t turn) {
	t.instance = s.me
	if t.kind == kindBeat {
		t.safe = s.p.lettersSafe()
	}
	now := s.now()
	s.mu.Lock()
	s.number++
	t.number, s.spoken = s.number, now
	for number, at := range s.sent {
		if now-at > lease {
			delete(s.sent, number) // too late to be of use when it is read
		}
	}
	s.sent[t.number] = now
	s.mu.Unlock()
	s.client.TryProduce(ctx, &kgo.Record{Topic: s.topic, Value: t.append(nil)}, func(_ *kgo.Record, err error) {
		if err != nil && t.kind == kindClaim {
			s.mu.Lock()
			s.pending = false
			s.mu.Unlock()
		}
	})
}

// resign hands over at once.
func (s *speaker) resign() {
	s.until.Store(0)
	s.mu.Lock()
	mine, epoch, number := s.holder == s.me, s.epoch, s.number+1
	s.mu.Unlock()
	if !mine {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	t := turn{kind: kindResign, epoch: epoch, instance: s.me, number: number, safe: s.p.lettersSafe()}
	if err := s.client.ProduceSync(ctx, &kgo.Record{Topic: s.topic, Value: t.append(nil)}).FirstErr(); err != nil {
		s.log.Warn("cannot tell the other instances that this one stops: they find out", "error", err)
	}
}

// Speaks tells whether this instance speaks for the log at this moment: writes what is to be written once. Alone it always does.
func (p *Pipeline) Speaks() bool { return p.speaker == nil || p.speaker.speaks() }

// Speaker returns the name of the instance that spoke last, "" where there is none, and the number of its epoch.
func (p *Pipeline) Speaker() (name string, epoch uint32, here bool) {
	s := p.speaker
	if s == nil {
		return "", 0, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holder, s.epoch, s.speaks()
}

// lettersSafe returns, per partition, the offset below which no dead letter is still to be written; nil while some are.
func (p *Pipeline) lettersSafe() []int64 {
	at := make([]int64, len(p.public.next))
	for i := range at {
		at[i] = p.public.next[i].Load()
	}
	if !p.letters.idle() { // looked at after the positions: their letters were handed over before they were published
		return nil
	}
	return at
}
