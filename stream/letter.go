package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
}

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
	l := &letters{client: client, topic: c.Topic(models.DeadLetter), version: version, broken: make(chan struct{})}
	l.more = sync.NewCond(&l.mu)
	return l, nil
}

// send hands a letter to the client; it waits while the client is full. An error is that of an earlier letter.
func (l *letters) send(ctx context.Context, d *letter) error {
	l.mu.Lock()
	err := l.err
	l.handed++
	l.mu.Unlock()
	if err == nil {
		l.client.Produce(ctx, l.compose(d), l.promised)
	}
	return err
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
