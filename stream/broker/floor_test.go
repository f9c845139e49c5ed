package broker

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Where everything of a partition was deleted, offsets go on after a clean end, and after a crash that comes later than the
// next upkeep: reference finding F19.
func TestDeletedToTheEnd(t *testing.T) {
	for _, crashed := range []bool{false, true} {
		dir := t.TempDir()
		b := start(t, Config{Dir: dir, Unsynced: true})
		client := newClient(t, b.Addr())
		create(t, client, map[string]string{"cleanup.policy": "delete"}, 1, "t")
		put(t, client, "t", 0, 10, 10)
		all := kadm.Offsets{}
		all.Add(kadm.Offset{Topic: "t", At: 10})
		if _, err := kadm.NewClient(client).DeleteRecords(context.Background(), all); err != nil {
			t.Fatal(err)
		}
		client.Close()
		floors, _ := os.ReadFile(filepath.Join(dir, floorsFile))
		if crashed {
			if err := b.upkeep(context.Background(), false); err != nil {
				t.Fatal(err)
			}
			floors, _ = os.ReadFile(filepath.Join(dir, floorsFile))
		}
		closeBroker(t, b)
		if crashed { // what a clean end writes is not there
			if err := os.WriteFile(filepath.Join(dir, floorsFile), floors, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := forgetCleanEnd(dir); err != nil {
				t.Fatal(err)
			}
		}
		b = start(t, Config{Dir: dir, Unsynced: true})
		client = newClient(t, b.Addr())
		if end := endOffset(t, client, "t"); end != 10 {
			t.Errorf("crashed %v: the log ends at %d, want 10", crashed, end)
		}
		put(t, client, "t", 10, 11, 10)
		if end := endOffset(t, client, "t"); end != 11 {
			t.Errorf("crashed %v: the log ends at %d, want 11", crashed, end)
		}
		client.Close()
		closeBroker(t, b)
	}
}
