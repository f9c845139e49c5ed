package stream

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// DeadLetter is a record that could not be understood, as the dead-letter topic keeps it.
type DeadLetter struct {
	Class   string `json:"class"` // a code of models.Invalid, NoValue or BadKey
	Field   string `json:"field,omitempty"`
	Error   string `json:"error"`
	Version string `json:"version,omitempty"` // the build that refused it

	Topic     string    `json:"topic"` // where it came from, in full
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	Time      time.Time `json:"time"` // the source record's

	Key     []byte             `json:"key"`
	Value   []byte             `json:"value"`             // nil where the source had none
	Size    int                `json:"size"`              // of the source's value
	Headers []kgo.RecordHeader `json:"headers,omitempty"` // of the source
	Cut     bool               `json:"cut,omitempty"`     // the source was too large to be kept whole
}

// LetterFilter picks dead letters; its zero value picks all.
type LetterFilter struct {
	Class string       // only this class
	Topic models.Topic // only from this topic
	Since time.Time    // only records from this time on
}

func (f LetterFilter) takes(c Cluster, d *DeadLetter) bool {
	return (f.Class == "" || f.Class == d.Class) &&
		(f.Topic == "" || c.Topic(f.Topic) == d.Topic) &&
		!d.Time.Before(f.Since)
}

// ListDeadLetters hands the dead letters that f picks to each, oldest first. A crash can have written a letter twice;
// each sees it once. It remembers about 70 bytes a letter for that.
func ListDeadLetters(ctx context.Context, c Cluster, f LetterFilter, each func(*DeadLetter) error) error {
	type position struct {
		topic     string
		partition int32
		offset    int64
		ms        int64 // the source record's time: a topic that is made anew counts its offsets from 0 again
	}
	seen := make(map[position]bool)
	return ReadTopic(ctx, c, models.DeadLetter, func(r *kgo.Record) error {
		d := parseLetter(r)
		at := position{d.Topic, d.Partition, d.Offset, d.Time.UnixMilli()}
		if seen[at] || !f.takes(c, d) {
			return nil
		}
		seen[at] = true
		return each(d)
	})
}

// parseLetter reads a record of the dead-letter topic. The last header of a name is Orrery's: the source may have been
// a letter's copy with headers of its own.
func parseLetter(r *kgo.Record) *DeadLetter {
	d := &DeadLetter{Key: r.Key, Value: r.Value, Size: len(r.Value), Time: r.Timestamp}
	own := ownHeaders(r.Headers)
	d.Headers = r.Headers[:own]
	for _, h := range r.Headers[own:] {
		text := string(h.Value)
		switch h.Key {
		case headerClass:
			d.Class = text
		case headerField:
			d.Field = text
		case headerError:
			d.Error = text
		case headerVersion:
			d.Version = text
		case headerTopic:
			d.Topic = strings.Clone(text)
		case headerPartition:
			n, _ := strconv.ParseInt(text, 10, 32)
			d.Partition = int32(n)
		case headerOffset:
			d.Offset, _ = strconv.ParseInt(text, 10, 64)
		case headerTime:
			if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
				d.Time = at
			}
		case headerSize:
			d.Size, _ = strconv.Atoi(text)
			d.Cut = true
		case headerNoValue:
			d.Value = nil
		}
	}
	return d
}

// ownHeaders returns where the headers begin that letters.compose added: at the last headerError.
func ownHeaders(headers []kgo.RecordHeader) int {
	for i, h := range slices.Backward(headers) {
		if h.Key == headerError {
			return i
		}
	}
	return len(headers)
}

// Replayed is what ReplayDeadLetters did.
type Replayed struct {
	Sent int `json:"sent"`
	Cut  int `json:"cut"` // left out: they were not kept whole
}

// ReplayDeadLetters sends the dead letters that f picks back to the topics that they came from, with their own key,
// value and headers, and returns when all are acknowledged. The letters stay where they are; what is still wrong
// becomes a letter again. Events that were understood after all count once, however often they are sent.
func ReplayDeadLetters(ctx context.Context, c Cluster, f LetterFilter) (Replayed, error) {
	var out Replayed
	client, err := c.client(kgo.ProducerBatchMaxBytes(maxLetterBytes-1024), kgo.MaxBufferedBytes(16<<20))
	if err != nil {
		return out, err
	}
	defer client.Close()
	var once sync.Once
	var failed error
	promise := func(r *kgo.Record, err error) {
		if err != nil {
			once.Do(func() { failed = fmt.Errorf("cannot send a dead letter back to topic %q: %w", r.Topic, err) })
		}
	}
	err = ListDeadLetters(ctx, c, f, func(d *DeadLetter) error {
		if d.Cut {
			out.Cut++
			return nil
		}
		client.Produce(ctx, &kgo.Record{Topic: d.Topic, Key: d.Key, Value: d.Value, Headers: d.Headers}, promise)
		out.Sent++
		return nil
	})
	if err != nil {
		return out, err
	}
	if err := client.Flush(ctx); err != nil {
		return out, fmt.Errorf("cannot send dead letters back: %w", err)
	}
	return out, failed
}
