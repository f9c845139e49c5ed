package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/models"
	"orrery/stream/feed"
	"orrery/stream/files"
)

// feedPresets are the product feeds that replay reads as PUT /v1/catalogue does: whichever of them it is, its content says. Replay
// compares nothing with what is known, and takes nothing out.
var feedPresets = map[string]string{
	"google": "a Google Merchant feed, RSS, Atom, TSV, CSV or JSON",
	"meta":   "a product catalogue for Facebook and Instagram, CSV or TSV",
	"yml":    "a Yandex Market feed",
}

// replayFeed is a replay of product feeds.
type replayFeed struct {
	*replayCmd
	sink     files.Sink
	progress files.Progress
	rejects  *csv.Writer // nil: none
	at       models.Time // of all events: a feed is what the shop sells now
	sum      files.Summary
	last     map[uint64]uint64 // by the hash of an id: of what its newest row says
	file     string
	event    models.Event
}

var hashes = maphash.MakeSeed()

// errEnough is the end of a replay at its limit.
var errEnough = errors.New("limit reached")

// feeds replays product feeds.
func (c *replayCmd) feeds(ctx context.Context, all *cli) error {
	for flag, set := range map[string]bool{
		"map": len(c.Map) > 0, "group": len(c.Group) > 0, "join": len(c.Join) > 0, "format": c.Format != "", "item-separator": c.ItemSeparator != "", "time-layout": c.TimeLayout != "", "step": c.Step != 0, "sort": c.Sort,
		"separator": c.Separator != "", "quote": c.Quote != "", "encoding": c.Encoding != "", "sheet": c.Sheet != "", "together": c.Together, "speed": c.Speed != 0, "rate": c.Rate != 0,
	} {
		if set {
			return fmt.Errorf("--%s has no meaning with --preset %s: a feed says by itself how it is written", flag, c.Preset)
		}
	}
	r := &replayFeed{replayCmd: c, progress: c.progress(), at: models.TimeOf(time.Now()), last: map[uint64]uint64{},
		sum: files.Summary{Events: map[string]int64{}, Money: map[string]files.Turnover{}, Refused: map[string]int64{}, Noted: map[string]int64{}}}
	if c.Start != "" {
		at, err := time.Parse(time.RFC3339, c.Start)
		if err != nil {
			return fmt.Errorf("start: %w", err)
		}
		r.at = models.TimeOf(at)
	}
	if c.Rejects != "" {
		file, err := os.Create(c.Rejects)
		if err != nil {
			return fmt.Errorf("rejects: %w", err)
		}
		defer file.Close()
		r.rejects = csv.NewWriter(file)
		r.rejects.Write([]string{"file", "line", "reason"})
	}
	sink, preview, stop, err := c.sink()
	if err != nil {
		return err
	}
	defer stop()
	r.sink = sink
	began := time.Now()
	for _, name := range c.Files {
		if err = r.one(ctx, name); err != nil {
			break
		}
	}
	if errors.Is(err, errEnough) {
		err = nil
	}
	err = errors.Join(err, r.sink.Flush(ctx))
	if r.rejects != nil {
		r.rejects.Flush()
		err = errors.Join(err, r.rejects.Error())
	}
	r.sum.Elapsed = time.Since(began)
	if preview == nil {
		return c.end(all, r.sum, err, nil)
	}
	return c.end(all, r.sum, err, preview.Events)
}

// one replays a feed. It is read twice, as its decimal mark and the address of its links are known when it has been read.
func (r *replayFeed) one(ctx context.Context, name string) error {
	r.file = name
	r.sum.Files++
	src, again, err := openTwice(name)
	if err != nil {
		return err
	}
	defer src.Close()
	options := feed.Options{Currency: r.Currency}
	if r.Decimal != "" {
		options.Decimal = r.Decimal[0]
	}
	none := func(feed.Problem) error { return nil }
	sum, err := feed.Read(src, options, func(*feed.Product) error { return nil }, none)
	if err == nil {
		err = again()
	}
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", name, err)
	}
	options.Decimal, options.Base = sum.Decimal, sum.Base
	sum, err = feed.Read(src, options, func(p *feed.Product) error { return r.product(ctx, p) }, r.problem)
	r.sum.Rows += sum.Entries
	if err == nil && sum.Cut {
		err = errors.New("it breaks off")
	}
	if err != nil {
		err = fmt.Errorf("cannot read %q: %w", name, err)
	}
	return err
}

// openTwice opens a file that is read from the start again; what comes by standard input is laid on disk.
func openTwice(name string) (src *os.File, again func() error, err error) {
	if name != files.Stdin {
		src, err = os.Open(name)
	} else if src, err = os.CreateTemp("", "orrery-feed-*"); err == nil {
		os.Remove(src.Name()) // it is there as long as it is open
		if _, err = io.Copy(src, os.Stdin); err == nil {
			_, err = src.Seek(0, io.SeekStart)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot open %q: %w", name, err)
	}
	return src, func() error { _, err := src.Seek(0, io.SeekStart); return err }, nil
}

func (r *replayFeed) product(ctx context.Context, p *feed.Product) error {
	value := p.AppendUpsert(nil, r.Shop, r.at)
	if p.Hidden {
		value = feed.AppendRemove(nil, r.Shop, p.ID, r.at)
	}
	key, said := maphash.String(hashes, p.ID), maphash.Bytes(hashes, value)
	if was, twice := r.last[key]; twice && was != said {
		r.sum.Noted["id: another row has the same one and says something else"]++
	} else if twice {
		r.sum.Noted["id: another row has the same one and says the same"]++
		return nil
	}
	r.last[key] = said
	if err := r.event.Decode(value, r.at); err != nil {
		return err
	}
	if err := r.sink.Put(ctx, models.RecordOf(&r.event, value)); err != nil {
		return err
	}
	r.sum.Total++
	r.sum.Events[string(r.event.Name)]++
	r.sum.From, r.sum.To = r.at, r.at
	if r.Limit > 0 && r.sum.Total >= r.Limit {
		return errEnough
	}
	return nil
}

// problem tells of what a person would mend; a refused row is not sent.
func (r *replayFeed) problem(p feed.Problem) error {
	if !p.Fatal {
		r.sum.Noted[p.Field+": "+p.Reason]++
		return nil
	}
	reason := p.Reason
	if p.Field != "" {
		reason = p.Field + ": " + reason
	}
	bad := files.BadRow{File: r.file, Line: p.Line, Reason: reason}
	r.sum.Bad++
	if len(r.sum.First) < 20 {
		r.sum.First = append(r.sum.First, bad)
	}
	r.progress.Bad(bad)
	if r.rejects != nil {
		r.rejects.Write([]string{bad.File, strconv.FormatInt(bad.Line, 10), bad.Reason})
	}
	if r.Strict {
		return fmt.Errorf("%w: %s", files.ErrStrict, bad)
	}
	return nil
}

// replayPresets returns the names of all presets of replay, and about what a preset of one is.
func replayPresets() []string {
	names := files.Presets()
	for name := range feedPresets {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func aboutPreset(name string) string {
	if about, ok := feedPresets[name]; ok {
		return about + ": each product is put into the catalogue, read as PUT /v1/catalogue reads it"
	}
	return strings.TrimSuffix(files.AboutPreset(name), ".")
}
