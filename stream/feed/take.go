package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
	"orrery/models/catalogue"
)

// Known is what a catalogue knows of its products.
type Known interface {
	// Said returns the hash of what the newest upsert said of a product, 0 where that is not the whole truth, and whether the product is
	// listed or was taken out.
	Said(shop, product []byte) (hash uint64, listed, removed bool)
	// EachListed calls f with the products that are listed, until it returns false.
	EachListed(shop []byte, f func(product []byte) bool)
	// FullFeed returns how many products the newest full feed had, and false where there was none.
	FullFeed(shop []byte) (products uint64, ok bool)
	// HiddenOf returns how many products frames leave out.
	HiddenOf(shop []byte) models.HiddenProducts
}

// Log takes records.
type Log interface {
	Append(ctx context.Context, records []models.Record) error
}

// Config is what a Taker works with.
type Config struct {
	Dir   string // where a feed lies while it is read
	Known Known
	Log   Log
	// MaxBytes is the size of a feed, packed and unpacked; default 8 GiB.
	MaxBytes int64
	// Settle is how long Take waits for the catalogue to know what it has sent; default 5 s.
	Settle time.Duration
	Now    func() time.Time
}

// The modes of a feed.
const (
	Update = "update" // what it does not name stays as it is
	Full   = "full"   // what it does not name is taken out
)

// Request says what is to become of a feed.
type Request struct {
	Shop     string
	Mode     string      // Update where empty
	Force    bool        // take a full feed that is much smaller than the one before, or was cut
	Currency string      // of prices that name none
	At       models.Time // when it was fetched; now where 0
	Base     string      // the address that links without a shop's name are on
}

// Report is what became of a feed.
type Report struct {
	Summary
	Mode       string                `json:"mode"`
	Products   int                   `json:"products"` // distinct ids
	Added      int                   `json:"added"`
	Changed    int                   `json:"changed"`
	Unchanged  int                   `json:"unchanged"`
	Retired    int                   `json:"retired"`    // listed before, and not in a full feed
	Kept       int                   `json:"kept"`       // listed before, and left as they are because their rows could not be read
	Unoffered  int                   `json:"unoffered"`  // in the feed, and not to be shown: drafts and the like
	Duplicates int                   `json:"duplicates"` // rows that say what another one has said
	Events     int                   `json:"events"`     // written to the log
	Hidden     models.HiddenProducts `json:"hidden"`     // products of the shop that frames leave out now
	Mend       int                   `json:"mend"`       // what a person would mend
	Problems   []Problem             `json:"problems"`   // the first of that
}

// maxProblems is how many problems a report names.
const maxProblems = 100

// Taker brings feeds into the log: what they say and the catalogue does not know.
type Taker struct {
	cfg    Config
	busy   sync.Mutex
	newest sync.Map // shop: *Newest
}

// NewTaker returns a taker.
func NewTaker(cfg Config) *Taker {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 8 << 30
	}
	if cfg.Settle == 0 {
		cfg.Settle = 5 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Taker{cfg: cfg}
}

func refuse(field, code, format string, args ...any) error {
	return &models.Invalid{Field: field, Code: code, Reason: fmt.Sprintf(format, args...)}
}

// ErrBusy says that another feed is being read.
var ErrBusy = errors.New("another feed is being read: send this one again when it is done")

// Take reads a feed and writes what is new in it to the log. The feed is laid on disk and read twice: nothing is written before it is
// known to be whole. An error that is a *models.Invalid is the feed's fault.
func (t *Taker) Take(ctx context.Context, src io.Reader, q Request) (Report, error) {
	if !t.busy.TryLock() {
		return Report{}, ErrBusy
	}
	defer t.busy.Unlock()
	if q.Mode == "" {
		q.Mode = Update
	}
	if q.Mode != Update && q.Mode != Full {
		return Report{}, refuse("mode", "bad_parameter", "%q is neither update nor full", q.Mode)
	}
	if q.At == 0 {
		q.At = models.TimeOf(t.cfg.Now())
	}
	file, err := t.spool(src)
	if err != nil {
		return Report{}, err
	}
	defer func() {
		file.Close()
		os.Remove(file.Name()) // an error leaves a file that the next start removes
	}()
	w := &work{Taker: t, q: q, file: file, last: map[uint64]row{}, refused: map[uint64]bool{}, report: Report{Mode: q.Mode, Problems: []Problem{}}}
	if err := w.look(); err != nil {
		return w.report, err
	}
	if err := w.guard(); err != nil {
		return w.report, err
	}
	if err := w.send(ctx); err != nil {
		return w.report, fmt.Errorf("cannot write the feed to the log: %w", err)
	}
	w.settle(ctx)
	w.report.Hidden = t.cfg.Known.HiddenOf([]byte(q.Shop))
	w.report.Hidden.Refused = uint64(w.report.Bad)
	newest := &Newest{At: q.At, Report: w.report}
	t.remember(q.Shop, newest)
	return newest.Report, nil
}

// spool lays a feed on disk.
func (t *Taker) spool(src io.Reader) (*os.File, error) {
	if err := os.MkdirAll(t.cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(t.cfg.Dir, "feed-*")
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(file, io.LimitReader(src, t.cfg.MaxBytes+1))
	if err == nil && n > t.cfg.MaxBytes {
		err = refuse("", models.TooLarge, "the feed has more than %d bytes", t.cfg.MaxBytes)
	}
	if err != nil {
		file.Close()
		os.Remove(file.Name())
		return nil, err
	}
	return file, nil
}

// work is one feed on its way.
type work struct {
	*Taker
	q        Request
	file     *os.File
	last     map[uint64]row  // of each id, by its hash
	refused  map[uint64]bool // ids of rows that are no products, by their hash
	nameless int             // rows that are no products and whose id is not known
	report   Report
	records  []models.Record
	arena    []byte
	event    models.Event
	newest   []byte // product of the newest upsert sent
	said     uint64
}

// row is the last row of an id.
type row struct {
	n    uint32 // counted from 1
	said uint32 // hash of what it says
}

func (w *work) read(decimal byte, base string, take func(*Product) error, report func(Problem) error) (Summary, error) {
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return Summary{}, err
	}
	sum, err := Read(w.file, Options{Decimal: decimal, Base: base, Currency: w.q.Currency, MaxBytes: w.cfg.MaxBytes}, take, report)
	var inner *models.Invalid
	if err != nil && !errors.As(err, &inner) && !errors.Is(err, errSend) {
		err = refuse("", "bad_feed", "%v", err)
	}
	return sum, err
}

// look reads the feed for the first time: whether it is whole, which row of an id counts, what is to mend.
func (w *work) look() (err error) {
	n := uint32(0)
	var buf []byte
	problem := func(p Problem) error {
		switch {
		case p.Fatal && p.ID != "" && p.Field != "id":
			w.refused[xxhash.Sum64String(p.ID)] = true
		case p.Fatal:
			w.nameless++
		}
		if w.report.Mend++; len(w.report.Problems) < maxProblems {
			w.report.Problems = append(w.report.Problems, p)
		}
		return nil
	}
	w.report.Summary, err = w.read(0, w.q.Base, func(p *Product) error {
		n++
		buf = append(p.AppendItem(buf[:0]), p.Currency...)
		r := row{n, uint32(xxhash.Sum64(buf))}
		key := xxhash.Sum64String(p.ID)
		if was, twice := w.last[key]; twice {
			if was.said == r.said {
				w.report.Duplicates++
			} else if err := problem(Problem{Line: p.Line, ID: p.ID, Field: "id", Reason: "another row has the same id and says something else: this one counts"}); err != nil {
				return err
			}
		}
		w.last[key] = r
		return nil
	}, problem)
	w.report.Products = len(w.last)
	return err
}

// guard refuses a full feed that would take out what it should not.
func (w *work) guard() error {
	if w.q.Mode != Full || w.q.Force {
		return nil
	}
	if w.report.Cut {
		return refuse("mode", "cut", "the feed breaks off after %d products: nothing was taken. Send it whole, or with force=true", w.report.Products)
	}
	before, ok := w.cfg.Known.FullFeed([]byte(w.q.Shop))
	if ok && uint64(w.report.Products+len(w.refused)+w.nameless)*2 < before {
		return refuse("mode", "shrunk", "the feed has %d products, and the last full one had %d: nothing was taken. Send it with force=true if that is right", w.report.Products, before)
	}
	return nil
}

// errSend marks errors that are not the feed's.
var errSend = errors.New("the log did not take it")

// send reads the feed again and writes what is not known.
func (w *work) send(ctx context.Context) error {
	n := uint32(0)
	shop := []byte(w.q.Shop)
	_, err := w.read(w.report.Decimal, w.report.Base, func(p *Product) error {
		if n++; w.last[xxhash.Sum64String(p.ID)].n != n {
			return nil
		}
		hash, listed, removed := w.cfg.Known.Said(shop, []byte(p.ID))
		if p.Hidden {
			w.report.Unoffered++
			if removed {
				return nil
			}
			return w.remove(ctx, p.ID)
		}
		from := len(w.arena)
		w.arena = p.AppendUpsert(w.arena, w.q.Shop, w.q.At)
		value := w.arena[from:]
		if err := w.event.Decode(value, w.q.At); err != nil {
			w.arena = w.arena[:from]
			return fmt.Errorf("product %q: %w: %w", p.ID, errSend, err)
		}
		said := catalogue.SaidHash(&w.event.Items[0], w.event.Currency)
		switch {
		case listed && hash == said:
			w.arena = w.arena[:from]
			w.report.Unchanged++
			return nil
		case listed:
			w.report.Changed++
		default:
			w.report.Added++
		}
		w.newest, w.said = append(w.newest[:0], p.ID...), said
		return w.put(ctx, value)
	}, func(Problem) error { return nil })
	if err != nil {
		return err
	}
	if w.q.Mode == Full {
		if err := w.retire(ctx); err != nil {
			return err
		}
	}
	return w.flush(ctx)
}

// retire takes out what a full feed does not have, and says that there was one. A product whose row is refused stays as it is known;
// where a row is refused whose id nobody can read, any that is missing may be it, and all stay.
func (w *work) retire(ctx context.Context) (err error) {
	shop := []byte(w.q.Shop)
	w.cfg.Known.EachListed(shop, func(product []byte) bool {
		key := xxhash.Sum64(product)
		switch _, there := w.last[key]; {
		case there:
		case w.refused[key] || w.nameless > 0 && !w.q.Force:
			w.report.Kept++
		default:
			w.report.Retired++
			err = w.remove(ctx, string(product))
		}
		return err == nil
	})
	if w.report.Kept > 0 && w.nameless > 0 && !w.q.Force {
		reason := fmt.Sprintf("%d rows are no products and say no id: nothing was taken out, since the %d products that the feed does not name may be theirs. Mend them, or send the feed with force=true", w.nameless, w.report.Kept)
		w.report.Mend++
		w.report.Problems = append([]Problem{{Field: "id", Reason: reason}}, w.report.Problems[:min(len(w.report.Problems), maxProblems-1)]...)
	}
	before, ok := w.cfg.Known.FullFeed(shop)
	if err != nil || ok && before == uint64(w.report.Products) && w.report.Events == 0 {
		return err
	}
	from := len(w.arena)
	w.arena = appendHead(w.arena, models.FeedTaken.String(), w.q.Shop, w.q.At)
	w.arena = fmt.Appendf(w.arena, `,"props":{"mode":"full","products":%d}}`, w.report.Products)
	return w.put(ctx, w.arena[from:])
}

func (w *work) remove(ctx context.Context, id string) error {
	from := len(w.arena)
	w.arena = AppendRemove(w.arena, w.q.Shop, id, w.q.At)
	return w.put(ctx, w.arena[from:])
}

// Bounds of one append.
const (
	batchRecords = 1000
	batchBytes   = 1 << 20
)

// put adds an event, the end of the arena.
func (w *work) put(ctx context.Context, value []byte) error {
	if err := w.event.Decode(value, w.q.At); err != nil {
		return fmt.Errorf("%w: %w", errSend, err)
	}
	w.records = append(w.records, models.RecordOf(&w.event, append([]byte(nil), value...)))
	w.report.Events++
	if len(w.records) >= batchRecords || len(w.arena) >= batchBytes {
		return w.flush(ctx)
	}
	return nil
}

// flush writes what has gathered. A full log is asked again: a feed can wait.
func (w *work) flush(ctx context.Context) error {
	if len(w.records) == 0 {
		return nil
	}
	for {
		err := w.cfg.Log.Append(ctx, w.records)
		if err == nil {
			break
		}
		if !errors.Is(err, models.ErrFull) && !errors.Is(err, models.ErrStalled) {
			return fmt.Errorf("%w: %w", errSend, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errSend, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	clear(w.records)
	w.records, w.arena = w.records[:0], w.arena[:0]
	return nil
}

// settle waits until the catalogue knows what was sent, so that whoever sends the same again at once sends nothing.
func (w *work) settle(ctx context.Context) {
	if w.report.Events == 0 {
		return
	}
	until := w.cfg.Now().Add(w.cfg.Settle)
	for w.cfg.Now().Before(until) && ctx.Err() == nil {
		hash := w.said
		if len(w.newest) > 0 {
			hash, _, _ = w.cfg.Known.Said([]byte(w.q.Shop), w.newest)
		}
		before, ok := w.cfg.Known.FullFeed([]byte(w.q.Shop))
		if hash == w.said && (w.q.Mode != Full || ok && before == uint64(w.report.Products)) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}
