package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/models"
	"orrery/stream/broker"
)

func TestEnsureTopics(t *testing.T) {
	b, err := broker.Start(broker.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx := testContext(t)
	ensure := func(prefix string, topics Topics) (string, error) {
		t.Helper()
		got, err := EnsureTopics(ctx, Cluster{Brokers: []string{b.Addr()}, Prefix: prefix}, topics)
		out := ""
		for _, s := range got {
			out += fmt.Sprintf("%s %d %v\n", s.Name, s.Partitions, s.Created)
		}
		return out, err
	}
	f := func(prefix string, topics Topics, want string) {
		t.Helper()
		got, err := ensure(prefix, topics)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	all := func(n int, made bool) string {
		return fmt.Sprintf("catalogue 1 %[2]v\ncontacts %[1]d %[2]v\ndeadletter 1 %[2]v\ndecisions %[1]d %[2]v\nlearned 1 %[2]v\npageviews %[1]d %[2]v\n"+
			"scores %[1]d %[2]v\nsettings 1 %[2]v\ntransactions %[1]d %[2]v\nturns 1 %[2]v\n", n, made)
	}
	withPrefix := func(p, s string) string {
		out := ""
		for line := range strings.Lines(s) {
			out += p + line
		}
		return out
	}
	f("", Topics{}, withPrefix(DefaultPrefix, all(4, true)))
	f("", Topics{Partitions: 9}, withPrefix(DefaultPrefix, all(4, false))) // what is there stays
	f("b-", Topics{Partitions: 2, Retention: time.Hour, RetentionBytes: 1 << 20}, withPrefix("b-", all(2, true)))

	client, err := Cluster{Brokers: []string{b.Addr()}}.client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	for topic, want := range map[string]string{
		// The embedded broker describes its own default for segment.bytes here, not the one it is started with.
		"b-pageviews":       "cleanup.policy=delete retention.bytes=1048576 retention.ms=3600000 segment.bytes=4194304",
		"b-catalogue":       "cleanup.policy=compact retention.bytes=-1 retention.ms=-1 segment.bytes=4194304",
		"b-deadletter":      "cleanup.policy=delete retention.bytes=1048576 retention.ms=14400000 segment.bytes=4194304",
		"orrery.pageviews":  "cleanup.policy=delete retention.bytes=-1 retention.ms=604800000 segment.bytes=104857600",
		"orrery.settings":   "cleanup.policy=compact retention.bytes=-1 retention.ms=-1 segment.bytes=104857600",
		"orrery.deadletter": "cleanup.policy=delete retention.bytes=-1 retention.ms=2419200000 segment.bytes=104857600",
	} {
		if got := configsOf(t, adm, topic); got != want {
			t.Errorf("%s: got %s, want %s", topic, got, want)
		}
	}

	// One that is there already decides; two that disagree are refused, by the pipeline as well.
	if _, err := adm.CreateTopic(ctx, 3, 1, nil, "c.contacts"); err != nil {
		t.Fatal(err)
	}
	got, err := ensure("c.", Topics{})
	if err != nil || got != withPrefix("c.", "catalogue 1 true\ncontacts 3 false\ndeadletter 1 true\ndecisions 3 true\nlearned 1 true\npageviews 3 true\n"+
		"scores 3 true\nsettings 1 true\ntransactions 3 true\nturns 1 true\n") {
		t.Errorf("got %v\n%s", err, got)
	}
	if _, err := adm.CreatePartitions(ctx, 1, "c.transactions"); err != nil {
		t.Fatal(err)
	}
	if _, err := ensure("c.", Topics{}); !errors.Is(err, ErrPartitions) {
		t.Errorf("got %v, want ErrPartitions", err)
	}
	for prefix, want := range map[string]error{"c.": ErrPartitions, "d.": ErrNoTopic} {
		if _, err := Open(ctx, Config{Cluster: Cluster{Brokers: []string{b.Addr()}, Prefix: prefix}, Machine: newLedger(), birth: time.Millisecond}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", prefix, err, want)
		}
	}
	if err := ReadTopic(ctx, Cluster{Brokers: []string{b.Addr()}, Prefix: "d."}, models.DeadLetter, nil); !errors.Is(err, ErrNoTopic) {
		t.Errorf("got %v, want ErrNoTopic", err)
	}
}

func configsOf(t testing.TB, adm *kadm.Client, topic string) string {
	t.Helper()
	r, err := adm.DescribeTopicConfigs(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, name := range []string{"cleanup.policy", "retention.bytes", "retention.ms", "segment.bytes"} {
		for _, c := range r[0].Configs {
			if c.Key == name {
				out += " " + name + "=" + c.MaybeValue()
			}
		}
	}
	return out[1:]
}

// Many make the same topics at once, on a cluster that has none, and all find the same ones.
func TestEnsureTopicsTogether(t *testing.T) {
	t.Parallel()
	b, err := broker.Start(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := Cluster{Brokers: []string{b.Addr()}}
	const instances = 8
	var (
		together sync.WaitGroup
		mu       sync.Mutex
		created  int
	)
	for i := range instances {
		together.Go(func() {
			made, err := EnsureTopics(testContext(t), c, Topics{Partitions: 2 + i%2})
			if err != nil {
				t.Error(err)
				return
			}
			p, err := Open(testContext(t), Config{Cluster: c, Machine: newLedger()})
			if err != nil {
				t.Error(err)
				return
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, topic := range made {
				if topic.Created {
					created++
				}
			}
		})
	}
	together.Wait()
	if created != 10 {
		t.Errorf("%d were created, want 10, each once", created)
	}
}

// Topics that keep records for another time than asked for are told, and changed where that is wanted.
func TestEnsureRetention(t *testing.T) {
	t.Parallel()
	_, c := startBroker(t, t.TempDir(), 1)
	ctx := testContext(t)
	f := func(t2 Topics, apply bool, want string) {
		t.Helper()
		got, err := EnsureRetention(ctx, c, t2, apply)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, r := range got {
			text += fmt.Sprintf("%s %v %v; ", strings.TrimPrefix(r.Topic, DefaultPrefix), r.Is, r.Wanted)
		}
		if text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	}
	week, day := Topics{}, Topics{Retention: 24 * time.Hour}
	f(week, false, "")
	other := "contacts 168h0m0s 24h0m0s; deadletter 672h0m0s 96h0m0s; decisions 168h0m0s 24h0m0s; learned 168h0m0s 24h0m0s; pageviews 168h0m0s 24h0m0s; transactions 168h0m0s 24h0m0s; turns 168h0m0s 24h0m0s; "
	f(day, false, other)
	f(day, true, other)
	f(day, false, "")
	f(week, false, "contacts 24h0m0s 168h0m0s; deadletter 96h0m0s 672h0m0s; decisions 24h0m0s 168h0m0s; learned 24h0m0s 168h0m0s; pageviews 24h0m0s 168h0m0s; transactions 24h0m0s 168h0m0s; turns 24h0m0s 168h0m0s; ")
}
