package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/bits"
	"os"
	"path/filepath"
)

// A disk may return other bytes than were written. Kafka's checksum says so of what stands in a batch, but not of its first
// offset, length and magic number, and kfake cuts off all whole batches behind a damaged one. So before kfake starts, heal
// looks at every batch: what follows from the batches around it is put right, and what is lost becomes a batch without
// records, so that the offsets around stay what they were, and an error names the offsets that are gone.

// Damage is what was wrong with a partition's log, and what became of it.
type Damage struct {
	Topic     string
	Partition int
	From, To  int64 // offsets, To excluded
	Lost      bool  // the records are gone; else they were put right
}

// String names the damage as messages do.
func (d Damage) String() string {
	what := "put right"
	if d.Lost {
		what = "lost"
	}
	if d.From == d.To {
		return fmt.Sprintf("%s/%d: bytes before offset %d %s", d.Topic, d.Partition, d.From, what)
	}
	return fmt.Sprintf("%s/%d: offsets %d to %d %s", d.Topic, d.Partition, d.From, d.To-1, what)
}

// heal looks at every partition. kfake must not run yet.
func heal(dir string, topics []topic, log *slog.Logger) (found []Damage, err error) {
	for _, t := range topics {
		for i := range t.Partitions {
			h := healer{topic: t.Name, partition: i, compacted: t.compacted()}
			if err := h.run(partitionDir(dir, t.Name, i)); err != nil {
				return found, fmt.Errorf("cannot look for damage in partition %d of topic %q: %w", i, t.Name, err)
			}
			found = append(found, h.found...)
		}
	}
	for _, d := range found {
		if d.Lost {
			log.Error("broker: records of the log are damaged and were skipped", "topic", d.Topic, "partition", d.Partition, "from", d.From, "to", d.To-1)
		} else {
			log.Warn("broker: damage of the log was put right", "topic", d.Topic, "partition", d.Partition, "from", d.From, "to", d.To-1)
		}
	}
	return found, nil
}

// healer walks over the segments of one partition.
type healer struct {
	topic     string
	partition int
	compacted bool
	next      int64 // the offset after the last batch; -1 before the first
	found     []Damage
}

func (h *healer) run(dir string) error {
	segments, err := segmentsOf(dir)
	if err != nil {
		return err
	}
	h.next = -1
	for i, s := range segments {
		end := int64(-1) // where the next segment begins
		if i+1 < len(segments) {
			end = segments[i+1].base
		}
		if err := h.segment(filepath.Join(dir, s.data()), s.base, end); err != nil {
			return err
		}
	}
	return nil
}

// segment reads one file, and writes what has changed.
func (h *healer) segment(path string, base, end int64) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if h.next < 0 || base > h.next {
		h.next = base // a floor batch is named by its last offset, and a partition's first segments may be gone
	}
	before := len(h.found)
	for at := 0; at < len(text); {
		size := h.batch(text, at, end)
		if size == 0 {
			break // a torn end, which kfake and quicken cut off
		}
		if size < 0 { // bytes that stand for no offset
			h.note(h.next, h.next, true)
			text = append(text[:at], text[at-size:]...)
			continue
		}
		at += size
	}
	if len(h.found) == before {
		return nil
	}
	return overwrite(path, text)
}

// overwrite writes a file's bytes in place: a crash on the way leaves damage that is found again.
func overwrite(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(text, 0)
	if err == nil {
		err = f.Truncate(int64(len(text)))
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// batch looks at the batch at a place, puts it right, and returns its size; 0 where nothing whole follows, and less than 0
// where so many bytes belong to none.
func (h *healer) batch(text []byte, at int, end int64) int {
	size := batchSize(text, at)
	if size == 0 || !sound(text[at:at+size]) {
		next := boundary(text, at, h.next, size)
		if next < 0 && end < 0 && (len(text)-at < batchFixed || !sound(text[at:])) {
			return 0
		}
		if next < 0 {
			next = len(text) // the last batch, whose length is wrong, or the rest of a segment that others follow
		}
		size = next - at
		if next < len(text) && int64(binary.BigEndian.Uint64(text[next:])) == h.next {
			return -size
		}
		if size < batchFixed {
			return 0
		}
		length := uint32(size - batchHead)
		binary.BigEndian.PutUint32(text[at+8:], length)
		if !sound(text[at : at+size]) {
			return h.blank(text, at, size, h.following(text, next, end))
		}
		h.note(h.next, h.next+count(text[at:]), false) // its length alone was wrong
	}
	h.head(text, at, size, end)
	return size
}

// following returns the first offset of the batch at a place, or of the next segment at the end of this one; -1 where none is known.
func (h *healer) following(text []byte, at int, end int64) int64 {
	if size := batchSize(text, at); size > 0 && sound(text[at:at+size]) {
		return int64(binary.BigEndian.Uint64(text[at:]))
	}
	if at >= len(text) {
		return end
	}
	return -1
}

// head puts right what the checksum does not cover.
func (h *healer) head(text []byte, at, size int, end int64) {
	b := text[at : at+size]
	first, n := int64(binary.BigEndian.Uint64(b)), count(b)
	is := first
	if first != h.next && h.misplaced(first, n, func() int64 { return h.following(text, at+size, end) }) {
		is = h.next
	}
	if is != first || b[16] != 2 {
		binary.BigEndian.PutUint64(b, uint64(is))
		b[16] = 2
		h.note(is, is+n, false)
	}
	h.next = is + n
}

// misplaced tells whether a batch of n offsets that does not begin where the one before it ends says a wrong first offset.
// A gap may be true: compaction leaves gaps, and older versions cut damaged batches off.
func (h *healer) misplaced(first, n int64, following func() int64) bool {
	if first < h.next {
		return true
	}
	switch f := following(); {
	case f < 0:
	case f >= first+n && h.compacted, f == first+n:
		return false
	case f < first+n, f == h.next+n:
		return true
	}
	return bits.OnesCount64(uint64(first^h.next)) == 1 && !h.compacted
}

// blank makes the bytes at a place a batch without records, which stands for the offsets up to following.
func (h *healer) blank(text []byte, at, size int, following int64) int {
	if following <= h.next {
		// The batch's own count is all there is, and may be what is damaged: the number of its records is another witness.
		n := min(count(text[at:]), int64(binary.BigEndian.Uint32(text[at+57:])))
		following = h.next + max(n, 1)
	}
	b := text[at : at+size]
	epoch := binary.BigEndian.Uint32(b[12:])
	clear(b)
	binary.BigEndian.PutUint64(b, uint64(h.next))
	binary.BigEndian.PutUint32(b[8:], uint32(size-batchHead))
	binary.BigEndian.PutUint32(b[12:], epoch)
	b[16] = 2
	binary.BigEndian.PutUint32(b[23:], uint32(following-h.next-1))
	for i := 27; i < 57; i++ {
		b[i] = 0xff // times, producer: none
	}
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], castagnoli))
	h.note(h.next, following, true)
	h.next = following
	return size
}

func (h *healer) note(from, to int64, lost bool) {
	h.found = append(h.found, Damage{h.topic, h.partition, from, to, lost})
}

// batchSize returns the size that a batch says it has; 0 where that cannot be.
func batchSize(text []byte, at int) int {
	if at+batchFixed > len(text) {
		return 0
	}
	size := batchHead + int(binary.BigEndian.Uint32(text[at+8:]))
	if size < batchFixed || at+size > len(text) {
		return 0
	}
	return size
}

// sound tells whether the bytes are a batch as it was written, but for what the checksum does not cover.
func sound(b []byte) bool {
	return crc32.Checksum(b[21:], castagnoli) == binary.BigEndian.Uint32(b[17:])
}

// count returns how many offsets a batch stands for.
func count(b []byte) int64 { return int64(binary.BigEndian.Uint32(b[23:])) + 1 }

// boundary returns where the next sound batch begins, or the end of the text where the damaged one ends there; -1 if there
// is none. said is the size that the damaged batch gives itself.
func boundary(text []byte, at int, next int64, said int) int {
	if said > 0 {
		end := at + said
		if size := batchSize(text, end); size > 0 && sound(text[end:end+size]) {
			return end
		}
	}
	for p := at + 1; p+batchFixed <= len(text); p++ {
		if text[p+16] != 2 {
			continue
		}
		first := int64(binary.BigEndian.Uint64(text[p:]))
		if first < next || first > next+1<<24 {
			continue
		}
		if size := batchSize(text, p); size > 0 && sound(text[p:p+size]) {
			return p
		}
	}
	if said > 0 && at+said == len(text) {
		return len(text)
	}
	return -1
}
