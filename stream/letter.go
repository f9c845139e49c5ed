package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// letter is a record that could not be understood, on its way to the dead-letter topic.
type letter struct {
	record *kgo.Record // the source
	why    models.Invalid
}

func newLetter(r *kgo.Record, err error) *letter {
	var invalid *models.Invalid
	if !errors.As(err, &invalid) {
		invalid = &models.Invalid{Code: models.NotJSON, Reason: err.Error()}
	}
	return &letter{record: r, why: *invalid}
}

// Headers of a dead letter, beside those of the source record.
const (
	headerError     = "x-error"     // a sentence
	headerClass     = "x-class"     // models.Invalid.Code
	headerField     = "x-field"     // the member that it is about, if any
	headerTopic     = "x-topic"     // source topic, in full
	headerPartition = "x-partition" // source partition
	headerOffset    = "x-offset"    // source offset
	headerTime      = "x-time"      // the source record's time, RFC 3339
	headerVersion   = "x-version"   // of the build that refused it
	headerSize      = "x-size"      // of the value, when the record was too large to be carried whole
	headerNoValue   = "x-no-value"  // set when the source record had no value at all
)

// What a letter carries of its source. A producer may compress, so that any part of a record can be many times as large as
// the topic's limit, and a letter that is too large for its own topic would hold up the stream for good.
const (
	maxLetterSource = maxLetterBytes - 64<<10 // in all: the topic's limit less room for the letter's own headers
	maxLetterPart   = maxLetterSource / 4     // of the key, which is cut, and of the headers, which are left out
)

// errLetter says that a dead letter could not be written: nothing may pass it.
var errLetter = errors.New("cannot write a dead letter")

// letters writes dead letters and knows when they are safe.
type letters struct {
	client  *kgo.Client
	topic   string
	version string

	mu     sync.Mutex
	more   *sync.Cond // a letter was acknowledged, or failed
	handed uint64     // letters given to the client
	acked  uint64     // of those, acknowledged; they are acknowledged in order
	err    error
	broken chan struct{} // closed when err is set

	// Of an instance that does not speak: letters that whoever does may not have written yet, oldest first, in the order in
	// which they count as handed over, and where that one is safe.
	speaks    func() bool
	held      []heldLetter
	heldBytes int
	reached   []int64
	dropped   uint64
}

// heldLetter is a letter with the place of its source.
type heldLetter struct {
	lane   int32
	offset int64
	record *kgo.Record
}

// What is held at most; past it the oldest goes, and is missed only if whoever speaks dies before it has written it.
const (
	maxHeld      = 10_000
	maxHeldBytes = 16 << 20
)

func newLetters(c Cluster, version string) (*letters, error) {
	client, err := c.client(
		kgo.ProducerBatchMaxBytes(maxLetterBytes-1024),
		kgo.MaxBufferedRecords(10_000),
		kgo.MaxBufferedBytes(16<<20),
		kgo.ProducerLinger(0),
	)
	if err != nil {
		return nil, err
	}
	l := &letters{client: client, topic: c.Topic(models.DeadLetter), version: version, broken: make(chan struct{}), speaks: func() bool { return true }}
	l.more = sync.NewCond(&l.mu)
	return l, nil
}

// send hands a letter to the client; it waits while the client is full. An error is that of an earlier letter. An instance
// that does not speak keeps the letter until whoever does has written it.
func (l *letters) send(ctx context.Context, d *letter, lane int32) error {
	speaks := l.speaks()
	l.mu.Lock()
	err := l.err
	l.handed++
	if !speaks {
		l.hold(heldLetter{lane, d.record.Offset, copied(l.compose(d))})
	}
	l.mu.Unlock()
	if err == nil && speaks {
		l.client.Produce(ctx, l.compose(d), l.promised)
	}
	return err
}

// copied returns a letter that does not hold on to the fetch that its source came with.
func copied(r *kgo.Record) *kgo.Record {
	r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
	for i := range r.Headers {
		r.Headers[i].Key, r.Headers[i].Value = strings.Clone(r.Headers[i].Key), bytes.Clone(r.Headers[i].Value)
	}
	return r
}

func (l *letters) hold(h heldLetter) {
	l.held = append(l.held, h)
	l.heldBytes += recordBytes(h.record)
	l.settle()
	for len(l.held) > maxHeld || l.heldBytes > maxHeldBytes {
		l.forget()
		l.dropped++
	}
}

// forget lets go of the oldest letter that is held: it counts as acknowledged.
func (l *letters) forget() {
	l.heldBytes -= recordBytes(l.held[0].record)
	l.held[0] = heldLetter{}
	l.held = l.held[1:]
	l.acked++
	l.more.Broadcast()
}

// settle lets go of the letters that whoever speaks has written, up to the first that it may not have.
func (l *letters) settle() {
	for len(l.held) > 0 && int(l.held[0].lane) < len(l.reached) && l.held[0].offset < l.reached[l.held[0].lane] {
		l.forget()
	}
}

// safe says up to where whoever speaks has written its letters; nil where it does not say.
func (l *letters) safe(at []int64) {
	if at == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reached = at
	l.settle()
}

// release writes what was held: this instance speaks now.
func (l *letters) release(ctx context.Context) {
	l.mu.Lock()
	held := l.held
	l.held, l.heldBytes = nil, 0
	l.mu.Unlock()
	for _, h := range held {
		l.client.Produce(ctx, h.record, l.promised)
	}
}

// lost returns how many letters were held and had to go before whoever speaks was known to have written them.
func (l *letters) lost() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// idle tells whether every letter that was handed over is acknowledged.
func (l *letters) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked == l.handed
}

func (l *letters) compose(d *letter) *kgo.Record {
	src := d.record
	out, cut := l.copyOf(src)
	add := func(key, value string) {
		out.Headers = append(out.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
	}
	add(headerError, d.why.Reason)
	add(headerClass, d.why.Code)
	if d.why.Field != "" {
		add(headerField, d.why.Field)
	}
	add(headerTopic, src.Topic)
	add(headerPartition, strconv.Itoa(int(src.Partition)))
	add(headerOffset, strconv.FormatInt(src.Offset, 10))
	add(headerTime, src.Timestamp.UTC().Format(time.RFC3339Nano))
	add(headerVersion, l.version)
	if src.Value == nil {
		add(headerNoValue, "1")
	}
	if cut {
		add(headerSize, strconv.Itoa(len(src.Value)))
	}
	return out
}

// copyOf returns a record of the letters' topic with what there is room for of src, and whether that is not all.
func (l *letters) copyOf(src *kgo.Record) (out *kgo.Record, cut bool) {
	out = &kgo.Record{Topic: l.topic, Key: src.Key[:min(len(src.Key), maxLetterPart)]}
	room := maxLetterSource - len(out.Key)
	if size := headerBytes(src.Headers); size <= maxLetterPart {
		out.Headers = append(out.Headers, src.Headers...)
		room -= size
	}
	out.Value = src.Value[:min(len(src.Value), room)]
	return out, len(out.Key) < len(src.Key) || len(out.Headers) < len(src.Headers) || len(out.Value) < len(src.Value)
}

func (l *letters) promised(r *kgo.Record, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && l.err == nil {
		l.err = fmt.Errorf("%w: %w", errLetter, err)
		close(l.broken)
	}
	l.acked++
	l.more.Broadcast()
}

// watch returns when ctx ends, or a letter has failed.
func (l *letters) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-l.broken:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.err
	}
}

// sent returns how many letters were handed over so far.
func (l *letters) sent() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.handed
}

// wait returns when the first n letters are acknowledged, or one of any failed, or ctx ends.
func (l *letters) wait(ctx context.Context, n uint64) error {
	stop := context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.more.Broadcast()
	})
	defer stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.acked < n && l.err == nil && ctx.Err() == nil {
		l.more.Wait()
	}
	if l.err != nil {
		return l.err
	}
	if l.acked < n {
		return fmt.Errorf("cannot wait for %d dead letters: %w", n-l.acked, ctx.Err())
	}
	return nil
}

func (l *letters) close() { l.client.Close() }
