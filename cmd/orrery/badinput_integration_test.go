//go:build integration

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models/badinput"
)

// maxBody is the largest request that the server takes.
const maxBody = 5 << 20

// Every kind of bad input, whichever way it comes, is refused with its reason, and costs no record around it.
func TestBadInput(t *testing.T) {
	if n := len(badinput.Cases) + len(badinput.Records); n < 100 {
		t.Fatalf("only %d kinds of bad input", n)
	}
	i := newInstance(t)
	i.start()
	var neighbours []string
	neighbours = append(neighbours, i.badOverHTTP(t)...)
	neighbours = append(neighbours, i.badOverKafka(t)...)
	i.settle()
	i.checkNeighbours(t, neighbours)
	if status, _ := i.post("/v1/events", []byte(`{"event":"page_view","visitor":"last"}`)); status != http.StatusAccepted || !i.proc.alive() {
		t.Errorf("after all that: status %d, the process lives: %t", status, i.proc.alive())
	}
	s := i.stats()
	t.Logf("%d kinds over HTTP, %d over Kafka, %d odd ones either way; %d good neighbours, all there; dead letters %v",
		len(badinput.Cases), len(badinput.Cases)+len(badinput.Records), len(badinput.Odd), len(neighbours), s.DeadLettersByCode)
}

// With Apache Kafka as the log it all ends the same way.
func TestBadInputKafka(t *testing.T) {
	i := newKafkaInstance(t)
	i.start()
	neighbours := i.badOverKafka(t)
	i.checkNeighbours(t, neighbours)
	t.Logf("%d good neighbours, all there; dead letters %v", len(neighbours), i.stats().DeadLettersByCode)
}

// checkNeighbours fails unless each of the visitors has one event.
func (i *instance) checkNeighbours(t *testing.T, visitors []string) {
	t.Helper()
	for _, visitor := range visitors {
		var profile struct{ Events int }
		i.get("/v1/visitors/"+visitor, &profile)
		if profile.Events != 1 {
			t.Errorf("%s: %d events, want 1", visitor, profile.Events)
		}
	}
}

// neighbour is a good event of a visitor who has no other.
func neighbour(visitor string) []byte {
	return []byte(`{"event":"view_item","id":"` + visitor + `","visitor":"` + visitor + `","items":[{"item_id":"SKU1"}]}`)
}

// refusal is what POST /v1/events answers.
type refusal struct {
	Error    struct{ Code, Message, Field string }
	Accepted int
	Rejected []struct {
		Index                int
		Code, Message, Field string
	}
}

// badOverHTTP posts every case alone, and between two good events on lines of their own where it is one line.
func (i *instance) badOverHTTP(t *testing.T) (neighbours []string) {
	for n, c := range badinput.Cases {
		status, got := i.refused(t, c.Body)
		want := http.StatusBadRequest
		if len(c.Body) > maxBody {
			want = http.StatusRequestEntityTooLarge
		}
		if status != want || got.Error.Code != c.Code || got.Error.Field != c.Field || got.Error.Message == "" || got.Accepted != 0 {
			t.Errorf("%s: status %d, %+v, want %d, %s %q", c.Name, status, got.Error, want, c.Code, c.Field)
		}
		if oneLine := !bytes.ContainsAny(c.Body, "\r\n") && len(bytes.TrimSpace(c.Body)) > 0 && c.Body[0] != '['; !oneLine || len(c.Body) > maxBody {
			continue
		}
		before, after := fmt.Sprintf("http-before-%d", n), fmt.Sprintf("http-after-%d", n)
		neighbours = append(neighbours, before, after)
		status, got = i.refused(t, bytes.Join([][]byte{neighbour(before), c.Body, neighbour(after)}, []byte{'\n'}))
		if status != http.StatusAccepted || got.Accepted != 2 || len(got.Rejected) == 0 || got.Rejected[0].Index != 1 || got.Rejected[0].Code != c.Code {
			t.Errorf("%s between two good events: status %d, %+v", c.Name, status, got)
		}
	}
	for _, c := range badinput.Odd {
		if status, got := i.refused(t, c.Body); status != http.StatusAccepted || got.Accepted == 0 || len(got.Rejected) > 0 {
			t.Errorf("%s, which is good: status %d, %+v", c.Name, status, got)
		}
	}
	return neighbours
}

func (i *instance) refused(t *testing.T, body []byte) (status int, r refusal) {
	t.Helper()
	status, answer := i.post("/v1/events", body)
	decodeJSON(t, answer, &r)
	return status, r
}

// badOverKafka produces every case as it is, between two good records of the same partition.
func (i *instance) badOverKafka(t *testing.T) (neighbours []string) {
	client := i.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(16<<20), kgo.MaxBufferedBytes(64<<20))
	defer client.Close()
	letters := map[string]badinput.Case{} // by the position of the record
	for n, c := range append(badinput.Cases, badinput.Records...) {
		before, after := fmt.Sprintf("kafka-before-%d", n), fmt.Sprintf("kafka-after-%d", n)
		neighbours = append(neighbours, before, after)
		if position, taken := i.produce(t, client, n, neighbour(before), c.Body, neighbour(after)); taken {
			letters[position] = c
		} else if len(c.Body) < 1_000_000 {
			t.Errorf("%s: the broker does not take its %d bytes", c.Name, len(c.Body))
		}
	}
	for n, c := range badinput.Odd {
		i.produce(t, client, n, nil, c.Body, nil)
	}
	i.settle()
	for _, l := range i.deadLetters() {
		position := l.headers["x-topic"] + "/" + l.headers["x-partition"] + "@" + l.headers["x-offset"]
		c, ok := letters[position]
		switch {
		case !ok:
			t.Errorf("a dead letter from %s that is none: %s: %.200s", position, l.headers["x-error"], l.value)
		case l.headers["x-class"] != c.Code || l.headers["x-field"] != c.Field || l.headers["x-error"] == "":
			t.Errorf("%s: dead letter %v, want %s %q", c.Name, l.headers, c.Code, c.Field)
		case !bytes.Equal(l.value, c.Body) && l.headers["x-size"] != strconv.Itoa(len(c.Body)):
			t.Errorf("%s: the dead letter holds %d bytes of %d", c.Name, len(l.value), len(c.Body))
		}
		delete(letters, position)
	}
	for _, c := range letters {
		t.Errorf("%s: no dead letter", c.Name)
	}
	return neighbours
}

// produce appends records to one partition, one after the other, and returns the position of the second of three, or
// false where the broker refuses it for its size.
func (i *instance) produce(t *testing.T, client *kgo.Client, n int, values ...[]byte) (position string, taken bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	topic := i.prefix + []string{"pageviews", "transactions"}[n%2]
	for at, value := range values {
		if value == nil {
			continue
		}
		r := &kgo.Record{Topic: topic, Partition: int32(n % 4), Key: []byte("bad"), Value: value}
		err := client.ProduceSync(ctx, r).FirstErr()
		switch {
		case err == nil && at == 1:
			position, taken = fmt.Sprintf("%s/%d@%d", topic, r.Partition, r.Offset), true
		case err != nil && (at != 1 || !errors.Is(err, kerr.MessageTooLarge)):
			t.Fatalf("cannot produce %.100q: %v", value, err)
		}
	}
	return position, taken
}
