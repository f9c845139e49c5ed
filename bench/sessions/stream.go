package sessions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/recommend/next"
	"orrery/recommend/session"
	"orrery/stream"
	"orrery/stream/broker"
)

// feed brings the clicks of training sessions to the recipe next as production does: one by one, each session a visitor
// of its own, the ranker learning from one click in so many, chosen by the event's hash.
type feed interface {
	view(session, click int, item uint32) error
	// settle returns when all clicks have been taken.
	settle() error
	live() *next.Live
	close() error
}

// theShop is the number of the only shop.
const theShop = 1

// straight feeds without a stream.
type straight struct{ to *next.Live }

func newStraight(c *Config) *straight {
	return &straight{next.NewLive(session.Config{}, c.Every)}
}

func (s *straight) view(session, click int, item uint32) error {
	ev := models.Event{ID: eventID(session, click)}
	s.to.Visit(theShop, uint32(session)+1, item, ev.IDHash())
	return nil
}

func (s *straight) settle() error    { return nil }
func (s *straight) live() *next.Live { return s.to }
func (s *straight) close() error     { return nil }

func eventID(session, click int) []byte { return fmt.Appendf(nil, "%d/%d", session, click) }

// piped feeds through an embedded broker and the engine: events are encoded, appended to the log, fetched, decoded and
// applied by the code that serves.
type piped struct {
	ctx      context.Context
	dir      string
	broker   *broker.Broker
	bulk     *stream.Bulk
	engine   *engine.Engine
	pipeline *stream.Pipeline
	cancel   context.CancelFunc
	done     chan error
	sent     uint64
	names    [][]byte // of items, by number
}

// between is the time from one event to the next: no visitor is so fast as to be taken for a crawler.
const between = 10 * models.Second

func newPiped(ctx context.Context, c *Config) (_ *piped, err error) {
	p := &piped{ctx: ctx, done: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if p.dir, err = os.MkdirTemp("", "orrery-backtest-"); err != nil {
		return nil, err
	}
	if p.broker, err = broker.Start(broker.Config{Dir: filepath.Join(p.dir, "broker"), Listen: "127.0.0.1:0", Unsynced: true}); err != nil {
		return nil, err
	}
	cluster := stream.Cluster{Brokers: []string{p.broker.Addr()}}
	if _, err = stream.EnsureTopics(ctx, cluster, stream.Topics{Partitions: 1}); err != nil {
		return nil, err
	}
	if p.bulk, err = stream.NewBulk(cluster); err != nil {
		return nil, err
	}
	if p.engine, err = engine.New(engine.Config{LearnEvery: c.Every}); err != nil {
		return nil, err
	}
	if p.pipeline, err = stream.Open(ctx, stream.Config{Cluster: cluster, Machine: p.engine}); err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	p.cancel = cancel
	go func() { p.done <- p.pipeline.Run(running) }()
	return p, nil
}

func (p *piped) view(session, click int, item uint32) error {
	for uint32(len(p.names)) <= item {
		p.names = append(p.names, fmt.Appendf(nil, "item %d", len(p.names)))
	}
	ev := models.Event{
		Kind: models.ViewItem, Name: []byte(models.ViewItem.String()), ID: eventID(session, click),
		Time:    models.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) + models.Time(p.sent)*between,
		Visitor: fmt.Appendf(nil, "visitor %d", session), Items: []models.Item{{ID: p.names[item]}},
	}
	p.sent++
	return p.bulk.Put(p.ctx, models.RecordOf(&ev, models.Append(nil, &ev)))
}

func (p *piped) settle() error {
	if err := p.bulk.Flush(p.ctx); err != nil {
		return err
	}
	for p.pipeline.Status().Taken < p.sent {
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("cannot take event %d of %d: the pipeline stopped: %w", p.pipeline.Status().Taken, p.sent, err)
		case <-p.ctx.Done():
			return p.ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	// Items must be what straight calls them: the figures could not be the same otherwise.
	for number := 1; number < len(p.names); number++ {
		if got := p.engine.ItemNumber(nil, p.names[number]); got != uint32(number) {
			return fmt.Errorf("cannot compare with a direct run: item %d is number %d in the engine", number, got)
		}
	}
	return nil
}

func (p *piped) live() *next.Live { return p.engine.Next() }

func (p *piped) close() (err error) {
	if p.cancel != nil {
		p.cancel()
		err = errors.Join(err, <-p.done)
	}
	if p.pipeline != nil {
		err = errors.Join(err, p.pipeline.Close())
	}
	if p.bulk != nil {
		p.bulk.Close()
	}
	if p.broker != nil {
		err = errors.Join(err, p.broker.Close())
	}
	if p.dir != "" {
		err = errors.Join(err, os.RemoveAll(p.dir))
	}
	return err
}

// streamed is the recipe next, fed click by click. Items are numbered in the order in which they first come, as the
// engine's catalogue does.
type streamed struct {
	ranked
	feed    feed
	numbers map[uint32]uint32
	items   []uint32 // by number
	err     error
}

// unknown is added to items that the training does not hold.
const unknown = 1 << 31

func newStreamed(ctx context.Context, c *Config) (*streamed, error) {
	s := &streamed{ranked: *newNext(c), numbers: map[uint32]uint32{}, items: []uint32{0}, feed: newStraight(c)}
	if c.Pipeline {
		var err error
		if s.feed, err = newPiped(ctx, c); err != nil {
			return nil, err
		}
	}
	s.recommender = s.feed.live().Make(theShop)
	return s, nil
}

func (s *streamed) number(item uint32) uint32 {
	n, ok := s.numbers[item]
	if !ok {
		n = uint32(len(s.items))
		s.numbers[item], s.items = n, append(s.items, item)
	}
	return n
}

func (s *streamed) learn(clicks []uint32, last bool) {
	if last && s.sessions >= s.due {
		s.ready()
	}
	for i, item := range clicks {
		if s.err != nil {
			return
		}
		s.err = s.feed.view(s.sessions, i, s.number(item))
	}
	s.sessions++
}

// bytes returns the memory of the sessions.
func (s *streamed) bytes() uint64 { return s.feed.live().SessionBytes() }

func (s *streamed) ready() {
	if s.err == nil {
		s.err = s.feed.settle()
	}
	if s.err == nil {
		s.train()
	}
}

func (s *streamed) insert(clicks []uint32) {
	numbers := make([]uint32, len(clicks))
	for i, item := range clicks {
		numbers[i] = s.number(item)
	}
	s.ranked.insert(numbers)
}

func (s *streamed) recommend(dst []uint32, clicks []uint32, k int) []uint32 {
	numbers := make([]uint32, len(clicks))
	for i, item := range clicks {
		if n, ok := s.numbers[item]; ok {
			numbers[i] = n
		} else {
			numbers[i] = item + unknown
		}
	}
	from := len(dst)
	dst = s.ranked.recommend(dst, numbers, k)
	for i, n := range dst[from:] {
		if n >= unknown {
			dst[from+i] = n - unknown
		} else {
			dst[from+i] = s.items[n]
		}
	}
	return dst
}

// close ends the feed and returns what went wrong.
func (s *streamed) close() error { return errors.Join(s.err, s.feed.close()) }
