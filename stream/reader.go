package stream

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
	"orrery/models/intern"
	"orrery/stream/snapshot"
)

// ReaderConfig says what a Reader reads, and from where on.
type ReaderConfig struct {
	Cluster Cluster

	// Topics are read in the order of their records' times, of equal times the one named first. Default: those that the state of a
	// Pipeline is a fold of.
	Topics []models.Topic

	// From is where to go on, as Positions has said. A partition that is not in it is read from the log's start.
	From []snapshot.Position

	// AcceptGap goes on where the log begins when records between From and the log are gone, instead of failing with ErrGap.
	// Gaps says which.
	AcceptGap bool

	// Every is how often Run calls take at least, with no records where none have come. Default: with records only.
	Every time.Duration

	// Rest is called after each batch, which it may hold up: a reader catches up in the time that others have to spare. Default none.
	Rest func()

	// Remembered is how many ids of a partition are known for sure when one of them comes again: such events are marked as repeats.
	// What came before From is not known. Default: none is.
	Remembered int

	// For tests: how often the log is listed, and how long topics may be unknown at the start.
	lagEvery time.Duration
	birth    time.Duration
}

func (c ReaderConfig) withDefaults() ReaderConfig {
	if len(c.Topics) == 0 {
		c.Topics = inputs
	}
	if c.lagEvery == 0 {
		c.lagEvery = lagEvery
	}
	if c.birth == 0 {
		c.birth = birth
	}
	return c
}

// Record is a record of the log as a Reader hands it out. It and its Event are the Reader's again when take returns; Key and Value
// are never changed and may be kept, at the price of the whole fetch that they came with.
type Record struct {
	Place      int // of the partition among Positions
	Topic      models.Topic
	Partition  int32
	Offset     int64
	Time       models.Time // of the record
	Key, Value []byte
	Event      *models.Event   // nil where it is none: a record of another kind of topic, or one that cannot be understood
	Hash       uint64          // that repeats of an event within its partition are known by
	Repeat     bool            // of an event that was read before, where ReaderConfig.Remembered says how many are known
	Why        *models.Invalid // why there is no event, where there should be one
}

// readerBatches is the length of the ring between fetching and taking: a reader has nobody who waits for it.
const readerBatches = 4

// Gap is a run of records that was in no log any more when a Reader came to it.
type Gap struct {
	Topic     models.Topic
	Partition int32
	From, To  int64
}

// Reader reads topics of the log beside the Pipeline and as it does: the same fetching, merging and decoding, positions of its own,
// and no state. What is read twice is told twice, repeats of events are not left out. OpenReader makes it, Run drives it, Close lets go.
type Reader struct {
	cfg    ReaderConfig
	source *source
	heads  heads
	at     []place
	seen   []*seen // by partition; nil: nothing is remembered
	gaps   []Gap
	taken  atomic.Uint64
	closed func()
}

// OpenReader connects, looks the topics up and positions the reader.
func OpenReader(ctx context.Context, cfg ReaderConfig) (*Reader, error) {
	r := &Reader{cfg: cfg.withDefaults()}
	side, err := cfg.Cluster.client()
	if err != nil {
		return nil, fmt.Errorf("cannot open a reader: %w", err)
	}
	r.source = &source{cluster: cfg.Cluster, topics: r.cfg.Topics, side: side, adm: kadm.NewClient(side), heads: &r.heads, lagEvery: r.cfg.lagEvery}
	r.closed = func() { r.source.close(); side.Close() }
	if err := r.begin(ctx); err != nil {
		r.closed()
		return nil, fmt.Errorf("cannot open a reader: %w", err)
	}
	return r, nil
}

func (r *Reader) begin(ctx context.Context) error {
	log, err := r.source.first(ctx, r.cfg.birth)
	if err != nil {
		return err
	}
	ends := make([]int64, len(log))
	for i, l := range log {
		at, err := r.place(l)
		if err != nil {
			return err
		}
		r.at, ends[i] = append(r.at, at), l.end
	}
	if r.cfg.Remembered > 0 {
		for range log {
			r.seen = append(r.seen, newSeen(r.cfg.Remembered, intern.Seed{}))
		}
	}
	r.heads.init(ends)
	r.reached()
	return r.source.open(r.at)
}

// place returns where a partition is to be read from.
func (r *Reader) place(l logPart) (place, error) {
	for _, pos := range r.cfg.From {
		if pos.Topic != l.name || pos.Partition != l.part {
			continue
		}
		err := follows(pos, l)
		if err == nil {
			return place{pos.Next, pos.Epoch}, nil
		}
		if !r.cfg.AcceptGap {
			return place{}, err
		}
		r.gaps = append(r.gaps, Gap{l.topic, l.part, pos.Next, l.start})
		r.cfg.Cluster.log().Warn("a reader goes on behind a gap", "error", err, "from", l.start)
	}
	return place{l.start, -1}, nil
}

// Gaps returns what was gone when the reader was opened.
func (r *Reader) Gaps() []Gap { return r.gaps }

// reached publishes where the reader stands.
func (r *Reader) reached() {
	for i := range r.at {
		r.heads.next[i].Store(r.at[i].next)
	}
}

// Ends returns where the partitions ended when the reader was opened, in the order of Positions.
func (r *Reader) Ends() []int64 {
	ends := make([]int64, len(r.source.parts))
	for i, p := range r.source.parts {
		ends[i] = p.end
	}
	return ends
}

// Positions returns where to go on once everything is safe that take has been given, the call included that is under way. Only who
// takes may ask, or anybody while Run does not run.
func (r *Reader) Positions() []snapshot.Position {
	out := make([]snapshot.Position, len(r.at))
	for i, p := range r.source.parts {
		out[i] = snapshot.Position{Topic: p.name, Partition: p.part, TopicID: topicID(p.id), Next: r.at[i].next, Epoch: r.at[i].epoch}
	}
	return out
}

// Lag returns how many records of the log have not been taken, as far as is known. Any goroutine may ask.
func (r *Reader) Lag() (n int64) {
	for i := range r.heads.end {
		n += max(r.heads.end[i].Load()-r.heads.next[i].Load(), 0)
	}
	return n
}

// Taken returns how many records take has returned from. Any goroutine may ask.
func (r *Reader) Taken() uint64 { return r.taken.Load() }

// Err returns what stands in the way of reading, nil while nothing does. Any goroutine may ask.
func (r *Reader) Err() error {
	_, open := r.source.errors.read()
	return open
}

// CaughtUp tells whether everything that was in the log when the reader was opened has been taken. Any goroutine may ask.
func (r *Reader) CaughtUp() bool {
	for i, p := range r.source.parts {
		if r.heads.next[i].Load() < p.end {
			return false
		}
	}
	return true
}

// ErrDone ends Run without an error: take has what it wanted.
var ErrDone = errors.New("the reader is done")

// Run reads until ctx ends, take fails, or the log cannot be followed: nil for the first, and for ErrDone. take gets the records in
// the order of their times, on this goroutine.
func (r *Reader) Run(ctx context.Context, take func([]Record) error) error {
	full, free := make(chan *batch, readerBatches), make(chan *batch, readerBatches)
	for range readerBatches {
		free <- newBatch(batchEvents)
	}
	g := newGroup(ctx)
	fetcher := r.source.fetcher(full, free, r.at)
	g.run(fetcher.run)
	g.run(r.source.follow)
	if err := r.take(full, free, take); err != nil {
		g.fail(err)
	}
	if err := g.wait(); !errors.Is(err, ErrDone) {
		return err
	}
	return nil
}

// take hands out batches until there are no more, or one is refused.
func (r *Reader) take(full <-chan *batch, free chan<- *batch, take func([]Record) error) error {
	var every <-chan time.Time
	if r.cfg.Every > 0 {
		tick := time.NewTicker(r.cfg.Every)
		defer tick.Stop()
		every = tick.C
	}
	var records []Record
	for {
		select {
		case b, ok := <-full:
			if !ok {
				return nil
			}
			records = r.unpack(records[:0], b)
			if err := take(records); err != nil {
				return err
			}
			r.taken.Add(uint64(len(records)))
			r.reached()
			clear(records)
			b.reset()
			free <- b // its capacity is the number of batches
			if r.cfg.Rest != nil {
				r.cfg.Rest()
			}
		case <-every:
			if err := take(nil); err != nil {
				return err
			}
		}
	}
}

// unpack moves the positions past a batch and appends its records.
func (r *Reader) unpack(to []Record, b *batch) []Record {
	for i := range b.entries {
		e := &b.entries[i]
		r.at[e.lane] = place{e.offset + 1, e.epoch}
		p := &r.source.parts[e.lane]
		out := Record{Place: int(e.lane), Topic: p.topic, Partition: p.part, Offset: e.offset, Time: e.at, Hash: e.hash}
		var from *kgo.Record
		switch {
		case e.letter != nil:
			from, out.Why = e.letter.record, &e.letter.why
		case e.record == nil: // a control record, or what holds nothing
			continue
		default:
			from = e.record
			if e.event >= 0 {
				out.Event = &b.events[e.event]
				out.Repeat = r.seen != nil && !r.seen[e.lane].add(e.hash)
			}
		}
		out.Key, out.Value = from.Key, from.Value
		to = append(to, out)
	}
	return to
}

// Close lets go of the connections. Run must have returned.
func (r *Reader) Close() { r.closed() }
