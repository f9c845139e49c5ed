package people

// The networks of strangers, a number each while it has one in the shop.

// The words of a network.
const (
	nKey    = iota // of network and shop, 0 of a number that is no network's
	nPlain         // first<<32 | last; of a number that is no network's: the next such one
	nCarted        // likewise
	nCount         // visitors in both
	networkWords
)

// The totals in the place of network 0.
const (
	totalSpare    = nPlain // a number that is no network's, 0 where there is none
	totalOverfull = nCount // visitors that made room in their network
)

// networkOf returns the number of a stranger's network, 0 where it is not known.
func (s *Strangers) networkOf(v uint32) uint64 {
	return s.links.Load(uint64(v)*linkWords+ofNetwork) & 0xffffffff
}

// join notes which shop and network a visitor is of.
func (s *Strangers) join(shop, v uint32, net uint64) {
	network := uint64(0)
	if net != 0 {
		network = s.number(max(s.seed.Mix(net^uint64(shop)*shopSalt), 1))
		s.networks.Set(network*networkWords+nCount, s.networks.Load(network*networkWords+nCount)+1)
	}
	s.links.Set(uint64(v)*linkWords+ofNetwork, uint64(shop)<<32|network)
}

// number returns the number of a network by its key.
func (s *Strangers) number(key uint64) uint64 {
	if n := s.byKey.Find(key); n != 0 {
		return uint64(n)
	}
	spare := s.networks.Load(totalSpare)
	if spare == 0 {
		n, _ := s.byKey.Add(key)
		return uint64(n)
	}
	s.networks.Set(totalSpare, s.networks.Load(spare*networkWords+nPlain))
	s.networks.Set(spare*networkWords+nPlain, 0)
	s.byKey.Reuse(key, uint32(spare))
	return spare
}

// part takes a visitor, who has left the queues, off its network. One that has no other is forgotten.
func (s *Strangers) part(v uint32) {
	network := s.networkOf(v)
	s.links.Set(uint64(v)*linkWords+ofNetwork, 0)
	if network == 0 {
		return
	}
	at := network * networkWords
	n := s.networks.Load(at+nCount) - 1
	if s.networks.Set(at+nCount, n); n == 0 {
		s.byKey.Delete(uint32(network))
		s.networks.Set(at+nPlain, s.networks.Load(totalSpare))
		s.networks.Set(totalSpare, network)
	}
}

// Overfull returns the stranger who is to make room where the network of stranger v holds more than most of the shop: the oldest of
// that network, but v. It is 0 where nobody has to.
func (p *People) Overfull(v uint32, most uint64) (oldest uint32) {
	s := p.strangers
	network := s.networkOf(v)
	if network == 0 || s.networks.Load(network*networkWords+nCount) <= most {
		return 0
	}
	for which := uint64(qPlain); which <= qCarted; which++ {
		if oldest = uint32(s.networks.Load(s.ofNetwork(network, which).ends) >> 32); oldest != 0 && oldest != v {
			s.networks.Set(totalOverfull, s.networks.Load(totalOverfull)+1)
			return oldest
		}
	}
	return 0
}

// Displaced returns how many strangers made room in their network. Any goroutine may call it.
func (p *People) Displaced() uint64 { return p.strangers.networks.Load(totalOverfull) }
