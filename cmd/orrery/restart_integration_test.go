//go:build integration

package main

import (
	"context"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/bench/machine"
)

// A graceful stop leaves a snapshot; the next start has everything at once and does not need the log for it.
func TestRestart(t *testing.T) {
	i := newInstance(t, append(exact, "--snapshot.every", "1h")...)
	i.start()
	i.replay("ga4", dataFile(t, ga4File))
	i.settle()
	products := []string{"item_id_000001", "item_id_000002"}
	before := i.account(products)
	removed := i.emptyLog(t)

	// Within a second on a machine that does nothing else: by the process's CPU time, since other work stretches the rest.
	least := time.Hour
	for range 3 {
		began := time.Now()
		if code := i.proc.terminate(t); code != 0 {
			t.Fatalf("a graceful stop ended with %d:\n%s", code, tail(i.proc.file("log"), 15))
		}
		stopped := time.Since(began)
		if verdict := execute(t, i.dir, "verify", "snapshot", "verify", "--data-dir", i.dir+"/data"); len(verdict) == 0 {
			t.Error("snapshot verify says nothing")
		}
		took := i.start()
		used, err := machine.Process(i.proc.cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		least = min(least, used)
		t.Logf("stopped after %s, ready again after %s and %s of CPU time", stopped.Round(time.Millisecond), took.Round(time.Millisecond), used)
	}
	if least > time.Second {
		t.Errorf("no start was ready with a second of CPU time, the best took %s", least)
	}
	after := i.account(products)
	if after.Duplicates != before.Duplicates || !maps.Equal(after.DeadLettersByCode, before.DeadLettersByCode) {
		t.Errorf("duplicates and dead letters: %d, %v, before %d, %v", after.Duplicates, after.DeadLettersByCode, before.Duplicates, before.DeadLettersByCode)
	}
	compareAccounts(t, after, before)
	t.Logf("%d records were removed from the log before the first stop", removed)
}

// emptyLog removes every record from the input topics but each partition's last one, so that nothing can be read from
// them again. (The embedded broker remembers where a partition ends by its last record.)
func (i *instance) emptyLog(t *testing.T) (removed int64) {
	t.Helper()
	adm := kadm.NewClient(i.client())
	defer adm.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ends, err := adm.ListEndOffsets(ctx, i.prefix+"pageviews", i.prefix+"transactions", i.prefix+"contacts")
	if err != nil {
		t.Fatal(err)
	}
	cut := kadm.Offsets{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 1 {
			cut.AddOffset(o.Topic, o.Partition, o.Offset-1, -1)
			removed += o.Offset - 1
		}
	})
	deleted, err := adm.DeleteRecords(ctx, cut)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		t.Fatalf("cannot remove records: %v", err)
	}
	if removed == 0 {
		t.Fatal("the log was empty already")
	}
	return removed
}

// A data folder belongs to one process.
func TestSecondProcess(t *testing.T) {
	i := newInstance(t)
	i.start()
	second := launch(t, i.dir, "second", nil, "serve", "--data-dir", i.dir+"/data",
		"--http.listen", freePort(t), "--kafka.listen", freePort(t), "--admin.listen", "-")
	if code := second.wait(t); code == 0 {
		t.Error("the second process on the same data folder ended as if all were well")
	}
	said, err := os.ReadFile(second.file("log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(said), i.dir) || !strings.Contains(string(said), "another process") {
		t.Errorf("the second process on the same data folder says: %s", said)
	}
	if !i.proc.alive() {
		t.Error("the first process has ended")
	}
	i.ready()
	t.Logf("refused: %s", tail(second.file("log"), 1))
	// What it writes, the embedded broker's library included, is its owner's.
	if n := checkPrivate(t, i.dir+"/data"); n < 10 {
		t.Errorf("only %d files in the data folder", n)
	}
}
