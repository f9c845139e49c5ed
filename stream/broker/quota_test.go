package broker

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Near the bound of bytes the oldest segments go that the group has read; where that is not enough the broker is full, and
// nothing that was not read is ever dropped.
func TestQuota(t *testing.T) {
	b := start(t, Config{Dir: t.TempDir(), Unsynced: true, Upkeep: -1, MaxBytes: 100_000})
	client := newClient(t, b.Addr())
	adm := kadm.NewClient(client)
	small := map[string]string{"cleanup.policy": "delete", "segment.bytes": "1000"}
	create(t, client, small, 1, "read")
	create(t, client, small, 1, "unread")
	look := func(full bool) {
		t.Helper()
		b.measure()
		if err := b.upkeep(context.Background(), false); err != nil {
			t.Fatal(err)
		}
		b.measure()
		if size, most := b.Size(); b.Full() != full || most != 100_000 {
			t.Errorf("%d of %d bytes: full %v", size, most, b.Full())
		}
	}
	starts := func(read, unread int64) {
		t.Helper()
		if r, u := startOffset(t, client, "read"), startOffset(t, client, "unread"); (r > 0) != (read > 0) || r > read || u > unread {
			t.Errorf("logs begin at %d and %d, want at most %d and %d", r, u, read, unread)
		}
	}
	put(t, client, "read", 0, 500, 1000)
	look(false)
	put(t, client, "read", 500, 1000, 1000)
	put(t, client, "unread", 0, 200, 1000)
	look(true) // nobody has read anything yet
	starts(0, 0)
	commit := kadm.Offsets{}
	commit.Add(kadm.Offset{Topic: "read", At: 900})
	commit.Add(kadm.Offset{Topic: "unread", At: 0})
	if err := adm.CommitAllOffsets(context.Background(), "orrery", commit); err != nil {
		t.Fatal(err)
	}
	look(false)
	starts(900, 0)
	put(t, client, "unread", 200, 1300, 1000)
	look(true)
	starts(900, 0)
	client.Close()
	closeBroker(t, b)
}

// Without a setting half of the disk is the log's.
func TestQuotaOfDisk(t *testing.T) {
	b := start(t, Config{Dir: t.TempDir() + "/to/come", Unsynced: true})
	defer closeBroker(t, b)
	if size, most := b.Size(); size < 0 || most < 1<<20 || b.Full() {
		t.Errorf("%d of %d bytes", size, most)
	}
	memory := start(t, Config{})
	defer closeBroker(t, memory)
	if _, most := memory.Size(); most > 0 || memory.Full() {
		t.Errorf("in memory: at most %d bytes", most)
	}
}
