package serve

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"github.com/dchest/siphash"
)

// networks hashes the network that a request comes from: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one. What
// one network may do to what everybody sees is bounded, so the log has to know which events come from the same one, and
// must not know which one that is: the hash is keyed by the server's secret keys, so that instances of one shop agree, and
// whoever reads the log cannot try addresses.
type networks struct{ k0, k1 uint64 }

func newNetworks(keys []Key) *networks {
	h := sha256.New()
	for _, k := range keys {
		if k.Operator != "" {
			continue // whoever adds one changes no hash
		}
		h.Write([]byte(k.Secret))
		h.Write([]byte{0})
	}
	sum := h.Sum(nil)
	return &networks{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}
}

// hash returns the hash of an address's network, 0 for an address of no network.
func (n *networks) hash(addr netip.Addr) uint64 {
	addr = addr.Unmap()
	var text [17]byte
	ip := addr.As16()
	switch {
	case addr.Is4():
		copy(text[:], ip[:12+3])
		text[16] = 24
	case addr.Is6():
		copy(text[:], ip[:6])
		text[16] = 48
	default:
		return 0
	}
	return max(siphash.Hash(n.k0, n.k1, text[:]), 1)
}
