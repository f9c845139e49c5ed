package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// kfake's files (pkg/kfake/persist.go): dir/partitions/<topic>-<partition>/<first offset>.dat holds record batches one
// after the other, as they went over the wire; <first offset>.idx has 15 bytes a batch that it can do without.

func partitionName(topic string, i int) string { return fmt.Sprintf("%s-%d", url.PathEscape(topic), i) }

func partitionDir(dir, topic string, i int) string {
	return filepath.Join(dir, "partitions", partitionName(topic, i))
}

type segment struct {
	dir  string
	base int64
}

func (s segment) data() string  { return strconv.FormatInt(s.base, 10) + ".dat" }
func (s segment) index() string { return strconv.FormatInt(s.base, 10) + ".idx" }

// files returns the names of the segment's files that exist.
func (s segment) files() []string {
	if _, err := os.Stat(filepath.Join(s.dir, s.index())); err != nil {
		return []string{s.data()}
	}
	return []string{s.data(), s.index()}
}

// segmentsOf returns the segments of a partition's directory, in order; none if there is no such directory.
func segmentsOf(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []segment
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".dat")
		base, err := strconv.ParseInt(name, 10, 64)
		if ok && err == nil {
			out = append(out, segment{dir, base})
		}
	}
	slices.SortFunc(out, func(a, b segment) int { return int(a.base - b.base) })
	return out, nil
}

// holdsBatch tells whether there is a whole batch in a partition's directory.
func holdsBatch(dir string) (bool, error) {
	segments, err := segmentsOf(dir)
	if err != nil {
		return false, err
	}
	for _, s := range segments {
		if some, err := s.holdsBatch(); some || err != nil {
			return some, err
		}
	}
	return false, nil
}

const (
	batchHead  = 12 // first offset i64, length of the rest i32
	batchFixed = 61 // bytes of a batch before its records
)

// holdsBatch tells whether the segment's first batch is whole: otherwise kfake cuts all of it off.
func (s segment) holdsBatch() (bool, error) {
	f, err := os.Open(filepath.Join(s.dir, s.data()))
	if err != nil {
		return false, err
	}
	defer f.Close() // read only
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	_, err = readBatch(f, 0, info.Size(), true)
	if errors.Is(err, errTorn) {
		return false, nil
	}
	return err == nil, err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// emptyBatch returns a batch without records whose last offset is end-1: what a broker keeps of a partition of which
// everything has been compacted away.
func emptyBatch(end int64) []byte {
	b := make([]byte, batchFixed)
	binary.BigEndian.PutUint64(b, uint64(end-1))
	binary.BigEndian.PutUint32(b[8:], batchFixed-batchHead)
	b[16] = 2 // magic
	for i := 27; i < 57; i++ {
		b[i] = 0xff // first and last time, producer id, epoch and sequence: -1
	}
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	return b
}
