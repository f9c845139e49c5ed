package stream

import (
	"encoding/binary"
	"fmt"

	"orrery/models"
)

// Turns is the topic, of one partition, in whose order instances agree who speaks for the log.
const Turns models.Topic = "turns"

// The kinds of records of that topic. A turn will say in which order the leader has applied the partitions; nothing writes
// them yet.
const (
	kindTurn   = 1
	kindClaim  = 2 // an instance wants to speak: the first of an epoch does
	kindBeat   = 3 // it still does, and says how far its dead letters are safe
	kindResign = 4 // it does no more
)

// turn is a record of the topic. Its bytes: "OT", version u8, kind u8, epoch u32, number u64, all big endian, then of what
// is no turn the instance, as its length and bytes, and the offsets, their number first, all as uvarints.
type turn struct {
	kind     uint8
	epoch    uint32
	number   uint64
	instance string
	safe     []int64 // per partition of the input, the offset up to which dead letters are acknowledged
}

const (
	turnMagic   = "OT"
	turnVersion = 1
	turnHeader  = 16
	maxInstance = 256
)

func (t *turn) append(b []byte) []byte {
	b = append(append(b, turnMagic...), turnVersion, t.kind)
	b = binary.BigEndian.AppendUint32(b, t.epoch)
	b = binary.BigEndian.AppendUint64(b, t.number)
	b = append(binary.AppendUvarint(b, uint64(len(t.instance))), t.instance...)
	b = binary.AppendUvarint(b, uint64(len(t.safe)))
	for _, at := range t.safe {
		b = binary.AppendUvarint(b, uint64(at))
	}
	return b
}

// readTurn reads a record of this version. What comes behind what it knows is left alone, so that later builds can say more.
func readTurn(b []byte) (t turn, err error) {
	if len(b) < turnHeader || string(b[:2]) != turnMagic || b[2] != turnVersion {
		return t, fmt.Errorf("cannot read a record of %d bytes as a turn of version %d", len(b), turnVersion)
	}
	t = turn{kind: b[3], epoch: binary.BigEndian.Uint32(b[4:]), number: binary.BigEndian.Uint64(b[8:])}
	b = b[turnHeader:]
	if t.kind == kindTurn {
		return t, nil
	}
	read := func(most uint64) uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > most {
			err = fmt.Errorf("cannot read a turn of kind %d: its end is missing", t.kind)
			return 0
		}
		b = b[size:]
		return n
	}
	n := read(min(maxInstance, uint64(len(b))))
	if err == nil && n > uint64(len(b)) {
		err = fmt.Errorf("cannot read a turn of kind %d: its end is missing", t.kind)
	}
	if err != nil {
		return t, err
	}
	t.instance, b = string(b[:n]), b[n:]
	for left := read(uint64(len(b))); left > 0 && err == nil; left-- {
		t.safe = append(t.safe, int64(read(1<<63-1)))
	}
	return t, err
}
