package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// upkeepLoop expires and compacts now and then until ctx ends, thins ten times as often, and thins when the disk's share is
// nearly used up.
func (b *Broker) upkeepLoop(ctx context.Context) {
	if b.cfg.Upkeep < 0 {
		return
	}
	tick, look := time.NewTicker(b.cfg.Upkeep/10), time.NewTicker(lookEvery)
	defer tick.Stop()
	defer look.Stop()
	var rest time.Time // where nothing more may be dropped, looking again at once is of no use
	for n := 1; ; {
		all := false
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			if b.measure(); !b.crowded() || now.Before(rest) {
				continue
			}
			rest = now.Add(5 * lookEvery)
		case <-tick.C:
			all = n%10 == 0
			n++
		}
		if err := b.upkeep(ctx, all); err != nil && ctx.Err() == nil {
			b.cfg.Log.Error("broker: cannot drop old records", "error", err)
		}
		b.measure()
	}
}

// upkeep thins, and writes down where partitions end, for the case that everything in one expires or is deleted: kfake keeps
// that number in memory only. With all it also has kfake drop what the topics' retention.ms and retention.bytes say, and
// rewrite the compacted topics, and sees to it that a crash on the way loses nothing. A record that comes between these
// two steps is not in what was written down, and would have to be past its retention already to be missed: retention is longer than a pass.
func (b *Broker) upkeep(ctx context.Context, all bool) error {
	if b.cfg.Dir == "" {
		if all {
			b.cluster.Compact()
		}
		return nil
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.DisableClientMetrics())
	if err != nil {
		return err
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	if err := b.thin(ctx, adm); err != nil {
		return err
	}
	if err := b.writeFloors(ctx, adm); err != nil || !all {
		return err
	}
	return b.alone(context.WithoutCancel(ctx), client, b.compact) // to its end, once begun
}

// alone runs f while kfake answers no request. kfake runs control functions that way; this one is called by a request
// that f's caller sends for the purpose.
func (b *Broker) alone(ctx context.Context, client *kgo.Client, f func() error) error {
	done := make(chan error, 1)
	req := kmsg.NewPtrListTransactionsRequest()
	b.cluster.ControlKey(req.Key(), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.DropControl()
		done <- f()
		return nil, nil, false
	})
	if _, err := req.RequestWith(ctx, client); err != nil {
		return err
	}
	return <-done
}

// compact gives the files of compacted partitions second names, has kfake compact, which deletes the first names and
// writes new files, and lets go of the second names. As long as they are there nothing has been acknowledged since, and
// a start takes the old files back (repair.go).
func (b *Broker) compact() error {
	if err := linkCompacted(b.cfg.Dir); err != nil {
		return err
	}
	b.cluster.Compact()
	return unlink(b.cfg.Dir)
}

// Compact expires and compacts now, not when it is due.
func (b *Broker) Compact(ctx context.Context) error { return b.upkeep(ctx, true) }

const (
	floorsFile = "orrery-floors.json"
	linksDir   = "orrery-links"
	temp       = ".tmp"
)

// floors is where partitions end, by topic id.
type floors map[string][]int64

// keepFloors writes down where partitions end before a clean end: whoever may delete records may have deleted all of one.
func (b *Broker) keepFloors() error {
	if b.cfg.Dir == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.DisableClientMetrics())
	if err != nil {
		return err
	}
	defer client.Close()
	return b.writeFloors(ctx, kadm.NewClient(client))
}

func (b *Broker) writeFloors(ctx context.Context, adm *kadm.Client) error {
	topics, err := adm.ListTopics(ctx)
	if err != nil {
		return fmt.Errorf("cannot list the topics: %w", err)
	}
	ends, err := adm.ListEndOffsets(ctx)
	if err != nil {
		return fmt.Errorf("cannot list where the partitions end: %w", err)
	}
	out := make(floors)
	for name, topic := range topics {
		at := make([]int64, len(topic.Partitions))
		for i := range at {
			end, _ := ends.Lookup(name, int32(i))
			at[i] = end.Offset
		}
		out[topic.ID.String()] = at
	}
	return writeJSON(filepath.Join(b.cfg.Dir, floorsFile), out)
}

// writeJSON writes a file that is there whole or as it was.
func writeJSON(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path+temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path+temp))
	}
	if err := os.Rename(path+temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// topic is what kfake's topics.json says of a topic, as far as it matters here.
type topic struct {
	Name       string            `json:"name"`
	ID         string            `json:"id"`
	Partitions int               `json:"partitions"`
	Configs    map[string]string `json:"configs"`
}

func (t *topic) compacted() bool { return strings.Contains(t.Configs["cleanup.policy"], "compact") }

func readTopics(dir string) ([]topic, error) {
	text, err := os.ReadFile(filepath.Join(dir, "topics.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // the first start
	}
	if err != nil {
		return nil, err
	}
	var file struct {
		Topics []topic `json:"topics"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("cannot read the broker's list of topics: %w", err)
	}
	return file.Topics, nil
}

// linkCompacted gives every segment of a compacted partition a second name under linksDir, all of them or none.
func linkCompacted(dir string) error {
	topics, err := readTopics(dir)
	if err != nil {
		return err
	}
	into := filepath.Join(dir, linksDir)
	if err := os.RemoveAll(into + temp); err != nil {
		return err
	}
	for _, t := range topics {
		if !t.compacted() {
			continue
		}
		for i := range t.Partitions {
			if err := linkFiles(partitionDir(dir, t.Name, i), filepath.Join(into+temp, partitionName(t.Name, i))); err != nil {
				return fmt.Errorf("cannot link partition %d of topic %q: %w", i, t.Name, err)
			}
		}
	}
	if err := os.MkdirAll(into+temp, 0o700); err != nil {
		return err
	}
	if err := syncDir(into + temp); err != nil {
		return err
	}
	if err := os.Rename(into+temp, into); err != nil {
		return err
	}
	return syncDir(dir)
}

// unlink lets go of the second names: at once and for good, before anything is acknowledged, then one by one.
func unlink(dir string) error {
	links := filepath.Join(dir, linksDir)
	if err := os.Rename(links, links+temp); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	return os.RemoveAll(links + temp)
}

func linkFiles(from, to string) error {
	segments, err := segmentsOf(from)
	if err != nil || len(segments) == 0 {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, s := range segments {
		for _, name := range s.files() {
			if err := os.Link(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
				return err
			}
		}
	}
	return syncDir(to)
}
