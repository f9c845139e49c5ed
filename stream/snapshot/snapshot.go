// Package snapshot keeps the state of the engine in files: flat sections beside the positions in the log that they
// stand for, so that state and positions cannot disagree.
//
// A file, all numbers little endian:
//
//	magic    "ORRYSNAP"                               8 bytes
//	format   u16 = 1, u16 = 0
//	header   length u32, crc32c u32, JSON             Header
//	section  'S', name length u8, name, version u16, crc32c u32 of these
//	  block    length u32 > 0, crc32c u32, payload    up to 1 MiB each
//	  ...
//	  end      u32 = 0, payload size u64, crc32c u32 of these 12 bytes
//	...
//	footer   'F', sections u32, of each: name length u8, name, version u16, offset of its 'S' u64, payload size u64;
//	         crc32c u32 of these
//	trailer  offset of the 'F' u64, xxHash64 u64 of every byte before it, "PANSYRRO"
//
// So a file is written and read in one pass, every block is checked while it is warm, and a file that was cut off or
// changed anywhere is refused. Checksums cost nothing beside the disk (crc32c 5.8 GB/s, xxHash64 5.4 GB/s).
//
// A file comes into being under another name, is synced, and renamed when it is whole; its name carries a number that
// only grows. The newest file that verifies counts.
package snapshot

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

const (
	magic     = "ORRYSNAP"
	endMagic  = "PANSYRRO"
	format    = 1
	blockSize = 1 << 20
	// maxHeader bounds what a damaged length can make the reader allocate: 10,000 partitions are about 1 MiB.
	maxHeader   = 4 << 20
	maxSections = 1 << 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Errors of a file that cannot be used.
var (
	ErrDamaged = errors.New("the snapshot is damaged")
	ErrFormat  = errors.New("the snapshot is of a format that this build does not know")
)

// Header says what a snapshot stands for.
type Header struct {
	Sequence    uint64     `json:"sequence"`
	Written     time.Time  `json:"written"`
	Build       string     `json:"build,omitempty"`
	Fingerprint string     `json:"fingerprint,omitempty"` // of the settings that shape the state
	NewestEvent time.Time  `json:"newest_event"`
	Seed        uint64     `json:"seed,omitempty"` // that the state's tables of names are keyed by: a secret
	Positions   []Position `json:"positions"`
}

// Position is where the state stands in one partition of the log.
type Position struct {
	Topic     string `json:"topic"`              // in full
	TopicID   string `json:"topic_id,omitempty"` // tells a topic from a later one of the same name
	Partition int32  `json:"partition"`
	Next      int64  `json:"next"`  // offset of the first record that is not part of the state
	Epoch     int32  `json:"epoch"` // leader epoch of the last record that is, -1 where there is none
}

// Section is one named part of the state.
type Section struct {
	Name    string
	Version uint16
	Data    io.WriterTo
}

// Info describes a section of a file.
type Info struct {
	Name    string `json:"name"`
	Version uint16 `json:"version"`
	Offset  int64  `json:"offset"` // within the file
	Size    int64  `json:"size"`   // of the payload
}

func damaged(at int64, format string, args ...any) error {
	return fmt.Errorf("%w at byte %d: %s", ErrDamaged, at, fmt.Sprintf(format, args...))
}
