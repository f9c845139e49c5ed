package stream

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// seedKey begins the keys of records of the settings topic that hold a hash seed. Behind it each has a number of its own: of
// several that were written at once the first counts, and compaction would keep the last of one key.
var seedKey = []byte("\x1fhash_seed\x1f")

// seedRecord is the value of such a record: 0 where the log is older than seeds.
type seedRecord struct {
	Seed uint64 `json:"hash_seed,string"`
}

// EnsureSeed returns the number that whoever folds the log keys tables of names by: see intern.Seed. It is written into the
// settings topic, once: by the first to come while the log is still empty, want or else a random one; of a log that
// holds events already and no seed it is 0. All who read a log get the same, whatever they want.
func EnsureSeed(ctx context.Context, c Cluster, want uint64) (uint64, error) {
	seed, ok, err := readSeed(ctx, c)
	if err == nil && !ok {
		if err = writeSeed(ctx, c, want); err == nil {
			seed, ok, err = readSeed(ctx, c) // another's may have come before
		}
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("cannot agree on a hash seed: %w", err)
	case !ok:
		return 0, fmt.Errorf("cannot agree on a hash seed: topic %q does not keep it", c.Topic(models.Settings))
	}
	return seed, nil
}

// readSeed returns the first seed of the settings topic.
func readSeed(ctx context.Context, c Cluster) (seed uint64, ok bool, err error) {
	err = ReadTopic(ctx, c, models.Settings, func(r *kgo.Record) error {
		if ok || !bytes.HasPrefix(r.Key, seedKey) {
			return nil
		}
		var v seedRecord
		if err := json.Unmarshal(r.Value, &v); err != nil {
			return fmt.Errorf("cannot read the hash seed at offset %d of topic %q: %w", r.Offset, r.Topic, err)
		}
		seed, ok = v.Seed, true
		return nil
	})
	return seed, ok, err
}

// writeSeed appends a seed to the settings topic.
func writeSeed(ctx context.Context, c Cluster, want uint64) error {
	empty, err := emptyLog(ctx, c)
	if err != nil {
		return err
	}
	var dice [16]byte
	rand.Read(dice[:]) // never fails
	var v seedRecord
	if empty {
		if v.Seed = want; want == 0 {
			v.Seed = max(binary.LittleEndian.Uint64(dice[8:]), 1)
		}
	}
	value, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w, err := NewWriter(WriterConfig{Cluster: c})
	if err != nil {
		return err
	}
	defer w.Close()
	key := fmt.Appendf(bytes.Clone(seedKey), "%x", dice[:8])
	return w.Append(ctx, []models.Record{{Topic: models.Settings, Key: key, Value: value}})
}

// emptyLog tells whether no input topic has ever held a record.
func emptyLog(ctx context.Context, c Cluster) (bool, error) {
	client, err := c.client()
	if err != nil {
		return false, err
	}
	defer client.Close()
	log, err := listLog(ctx, kadm.NewClient(client), c)
	if err != nil {
		return false, err
	}
	for _, l := range log {
		if l.high > 0 {
			return false, nil
		}
	}
	return true, nil
}
