package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/stream/internal/flock"
)

// Record is a record as it lies in the files of the log. Its bytes are the caller's only during the call.
type Record struct {
	Topic     string
	Partition int
	Of        int // partitions of the topic
	Offset    int64
	Key       []byte
	Value     []byte // nil for a tombstone
	Rest      []byte // headers, as they are encoded

	raw         []byte // with its length
	attributes  byte
	time, delta int64
}

var errRecord = errors.New("a record does not fit into its batch")

// EachRecord calls f with all records in the files of a broker's folder, those included that no client is given any more. The broker
// may run meanwhile: what it is writing is not looked at.
func EachRecord(dir string, f func(*Record) error) error {
	return eachSegment(dir, func(t topic, partition int, path string) error {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil // dropped meanwhile
		}
		if err != nil {
			return err
		}
		return eachBatch(text, func(b []byte) error {
			records, err := recordsOf(b)
			if err != nil {
				return err
			}
			for i := range records {
				r := &records[i]
				r.Topic, r.Partition, r.Of = t.Name, partition, t.Partitions
				if err := f(r); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func eachSegment(dir string, f func(t topic, partition int, path string) error) error {
	topics, err := readTopics(dir)
	if err != nil {
		return err
	}
	for _, t := range topics {
		for i := range t.Partitions {
			segments, err := segmentsOf(partitionDir(dir, t.Name, i))
			if err != nil {
				return err
			}
			for _, s := range segments {
				if err := f(t, i, filepath.Join(s.dir, s.data())); err != nil {
					return fmt.Errorf("cannot read %q: %w", filepath.Join(s.dir, s.data()), err)
				}
			}
		}
	}
	return nil
}

// eachBatch calls f with the whole batches of a segment.
func eachBatch(text []byte, f func(b []byte) error) error {
	for at := 0; ; {
		size := batchSize(text, at)
		if size == 0 || !sound(text[at:at+size]) {
			return nil // a torn end, or damage: heal.go
		}
		if err := f(text[at : at+size]); err != nil {
			return err
		}
		at += size
	}
}

var decompressor = kgo.DefaultDecompressor()

const (
	compressed = 7      // bits of a batch's attributes
	control    = 1 << 5 // likewise
)

// recordsOf decodes the records of a batch; none of a control batch.
func recordsOf(b []byte) ([]Record, error) {
	attributes := binary.BigEndian.Uint16(b[21:])
	if attributes&control != 0 {
		return nil, nil
	}
	body := b[batchFixed:]
	if codec := attributes & compressed; codec != 0 && len(body) > 0 {
		var err error
		if body, err = decompressor.Decompress(body, kgo.CompressionCodecType(codec)); err != nil {
			return nil, err
		}
	}
	first := int64(binary.BigEndian.Uint64(b))
	var all []Record
	for range binary.BigEndian.Uint32(b[57:]) {
		r, rest, ok := decodeRecord(body)
		if !ok {
			return nil, errRecord
		}
		r.Offset = first + r.delta
		all, body = append(all, r), rest
	}
	return all, nil
}

func decodeRecord(b []byte) (r Record, rest []byte, ok bool) {
	length, n := binary.Varint(b)
	if n <= 0 || length < 1 || length > int64(len(b)-n) {
		return r, nil, false
	}
	r.raw, rest = b[:n+int(length)], b[n+int(length):]
	b = r.raw[n:]
	r.attributes, b = b[0], b[1:]
	number := func() int64 {
		v, n := binary.Varint(b)
		if n <= 0 {
			ok, v, n = false, 0, 0
		}
		b = b[n:]
		return v
	}
	field := func() []byte {
		n := number()
		if n < 0 {
			return nil
		}
		if n > int64(len(b)) {
			ok, n = false, 0
		}
		out := b[:n:n]
		b = b[n:]
		return out
	}
	ok = true
	r.time, r.delta = number(), number()
	r.Key, r.Value = field(), field()
	r.Rest = b
	return r, rest, ok
}

// encode appends the record as it is now.
func (r *Record) encode(dst []byte) []byte {
	field := func(dst, b []byte) []byte {
		if b == nil {
			return binary.AppendVarint(dst, -1)
		}
		return append(binary.AppendVarint(dst, int64(len(b))), b...)
	}
	body := binary.AppendVarint(binary.AppendVarint([]byte{r.attributes}, r.time), r.delta)
	body = append(field(field(body, r.Key), r.Value), r.Rest...)
	return append(binary.AppendVarint(dst, int64(len(body))), body...)
}

// Change is what becomes of a record.
type Change int

// The changes.
const (
	Leave  Change = iota
	Edit          // write it with the key and the value that it has now
	Remove        // its offset is a gap from now on
)

// Rewritten is what Rewrite has done.
type Rewritten struct {
	Records int // looked at
	Edited  int
	Removed int
	Files   int // written anew
}

// Rewrite changes the records of a stopped broker's folder: the only way by which what was appended goes before its time. Every
// segment is there as it was or as it is to be, whenever the process dies. All other offsets and times stay.
func Rewrite(dir string, change func(*Record) Change) (done Rewritten, err error) {
	lock, err := flock.Take(dir)
	if err != nil {
		return done, fmt.Errorf("cannot rewrite the log: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if err := forgetCleanEnd(dir); err != nil { // it speaks of the files as they were
		return done, err
	}
	err = eachSegment(dir, func(t topic, partition int, path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var out []byte
		before := done
		err = eachBatch(text, func(b []byte) error {
			records, err := recordsOf(b)
			if err != nil {
				return err
			}
			for i := range records {
				records[i].Topic, records[i].Partition, records[i].Of = t.Name, partition, t.Partitions
			}
			out = append(out, done.batch(b, records, change)...)
			return nil
		})
		if err != nil || done.Edited == before.Edited && done.Removed == before.Removed {
			return err
		}
		done.Files++
		return replace(path, out)
	})
	return done, err
}

// batch returns a batch as it is to be.
func (done *Rewritten) batch(b []byte, records []Record, change func(*Record) Change) []byte {
	var body []byte
	kept, before := 0, *done
	for i := range records {
		r := &records[i]
		done.Records++
		switch change(r) {
		case Leave:
			body = append(body, r.raw...)
		case Edit:
			done.Edited++
			body = r.encode(body)
		case Remove:
			done.Removed++
			continue
		}
		kept++
	}
	if done.Edited == before.Edited && done.Removed == before.Removed {
		return b
	}
	out := append(append([]byte{}, b[:batchFixed]...), body...)
	binary.BigEndian.PutUint32(out[8:], uint32(len(out)-batchHead))
	binary.BigEndian.PutUint16(out[21:], binary.BigEndian.Uint16(out[21:])&^compressed)
	binary.BigEndian.PutUint32(out[57:], uint32(kept))
	binary.BigEndian.PutUint32(out[17:], crc32.Checksum(out[21:], castagnoli))
	return out
}

// replace writes a segment anew, without its index, which says where batches lay.
func replace(path string, text []byte) error {
	f, err := os.OpenFile(path+temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path+temp))
	}
	if err := os.Remove(path[:len(path)-len(".dat")] + ".idx"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(path+temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
