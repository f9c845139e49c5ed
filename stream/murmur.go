package stream

import "encoding/binary"

// partitionOf returns the partition of n that a key belongs in: murmur2 as Kafka's Java client computes it.
func partitionOf(key []byte, n int32) int32 { return int32(murmur2(key)&0x7fffffff) % n }

// PartitionOf is partitionOf, for whoever writes into the log's files.
func PartitionOf(key []byte, n int) int { return int(partitionOf(key, int32(n))) }

// murmur2 is Austin Appleby's 32-bit hash with the seed of Kafka's Java client.
func murmur2(b []byte) uint32 {
	const m, r = 0x5bd1e995, 24
	h := uint32(0x9747b28c) ^ uint32(len(b))
	for len(b) >= 4 {
		k := binary.LittleEndian.Uint32(b) * m
		k ^= k >> r
		h = h*m ^ k*m
		b = b[4:]
	}
	switch len(b) {
	case 3:
		h ^= uint32(b[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(b[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(b[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}
