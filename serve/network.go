package serve

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// networks hashes the network that a request comes from: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one. What
// one network may do to what everybody sees is bounded, so the log has to know which events come from the same one, and
// must not know which one that is: the hash is keyed by the server's secret keys, so that instances of one shop agree, and
// whoever reads the log cannot try addresses.
type networks struct{ key [sha256.Size]byte }

func newNetworks(keys []Key) *networks {
	h := sha256.New()
	for _, k := range keys {
		h.Write([]byte(k.Secret))
		h.Write([]byte{0})
	}
	n := new(networks)
	h.Sum(n.key[:0])
	return n
}

// hash returns the hash of an address's network, 0 for an address of no network.
func (n *networks) hash(addr netip.Addr) uint64 {
	addr = addr.Unmap()
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil || !addr.IsValid() {
		return 0
	}
	var text [sha256.Size + 17]byte
	copy(text[:], n.key[:])
	ip := prefix.Addr().As16()
	copy(text[sha256.Size:], ip[:])
	text[len(text)-1] = byte(bits)
	sum := sha256.Sum256(text[:])
	return max(binary.BigEndian.Uint64(sum[:]), 1)
}
