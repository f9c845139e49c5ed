package serve

import (
	"maps"
	"slices"
	"strconv"

	"orrery/models"
)

// readScope reads the parameter shop of an endpoint whose figures are of a shop or, for the operator, of all.
func readScope(c *call) ([]byte, *fault) {
	named, f := readShop(c)
	if f != nil {
		return nil, f
	}
	return c.scope(named)
}

// answerStats answers GET /v1/stats.
func (s *Server) answerStats(c *call) *fault {
	shop, f := readScope(c)
	if f != nil {
		return f
	}
	stats, status := s.stats(shop), s.deps.Stream.Status()
	return c.end(append(appendStats(c.begin(), shop, &stats, &status), '\n'))
}

// stats returns what the engine has taken of a shop, or of all where it is nil.
func (s *Server) stats(shop []byte) models.Stats {
	var stats models.Stats
	named := models.DefaultShop
	if shop != nil {
		stats, named = s.deps.Statistics.ShopStats(shop), string(shop)
	} else {
		stats = s.deps.Statistics.Stats()
	}
	if s.deps.Feeds != nil {
		stats.Hidden.Refused = s.deps.Feeds.Refused(named)
	}
	return stats
}

// appendStats appends what the engine has taken as an object. Money is a decimal in a string, so that no reader rounds it. What is
// known of the machine only, all shops together, is no shop's to see.
func appendStats(dst, shop []byte, stats *models.Stats, status *StreamStatus) []byte {
	dst = append(dst, `{"events":`...)
	dst = appendCounts(dst, stats.Events)
	for _, n := range []struct {
		name  string
		count uint64
	}{
		{"total", stats.Total}, {"orders", stats.Orders}, {"refunds", stats.Refunds}, {"cancels", stats.Cancels},
		{"buyers", stats.Buyers}, {"repeats", stats.Repeats}, {"visitors", stats.Visitors}, {"contacts", stats.Contacts}, {"leads", stats.Leads}, {"sessions", stats.Sessions},
		{"bots", stats.Bots}, {"items", stats.Items}, {"products", stats.Products},
	} {
		dst = appendUint(dst, n.name, n.count)
	}
	dst = append(appendMember(dst, "hidden"), '{')
	dst = appendUint(dst, "unlisted", stats.Hidden.Unlisted)
	dst = appendUint(dst, "removed", stats.Hidden.Removed)
	dst = appendUint(dst, "sold_out", stats.Hidden.SoldOut)
	dst = append(appendUint(dst, "refused", stats.Hidden.Refused), '}')
	dst = appendAmounts(appendMember(dst, "revenue"), stats.Revenue)
	dst = append(appendMember(dst, "claims"), '{')
	dst = appendUint(dst, "open", stats.Claims.Open)
	dst = appendUint(dst, "confirmed", stats.Claims.Confirmed)
	dst = append(appendUint(dst, "expired", stats.Claims.Expired), '}')
	dst = appendUint(dst, "merged_contacts", stats.MergedContacts)
	dst = appendUint(dst, "forgotten_returned", stats.ForgottenReturned)
	dst = appendUint(dst, "over_refunds", stats.OverRefunds)
	dst = appendAmounts(appendMember(dst, "over_refunded"), stats.OverRefunded)
	dst = appendUint(dst, "order_conflicts", stats.OrderConflicts)
	dst = appendAmounts(appendMember(dst, "order_conflict_value"), stats.OrderConflictValue)
	if shop == nil {
		dst = appendMachine(dst, stats, status)
	} else {
		dst = models.AppendString(appendMember(dst, "shop"), shop)
		dst = appendTime(appendMember(dst, "since"), stats.Since)
		dst = strconv.AppendInt(appendMember(dst, "lag"), status.Lag, 10)
	}
	dst = appendTime(appendMember(dst, "stream_time"), stats.StreamTime)
	return append(dst, '}')
}

// appendMachine appends the figures of the machine.
func appendMachine(dst []byte, stats *models.Stats, status *StreamStatus) []byte {
	dst = appendUint(dst, "duplicates", status.Duplicates)
	dst = appendUint(dst, "deadletters", total(status.DeadLetters))
	dst = appendCounts(appendMember(dst, "deadletters_by_code"), status.DeadLetters)
	warnings := map[string]uint64{}
	for w, n := range status.Warnings {
		warnings[w.Field] += n
	}
	dst = appendCounts(appendMember(dst, "warnings"), warnings)
	dst = strconv.AppendInt(appendMember(dst, "lag"), status.Lag, 10)
	return appendCounts(appendMember(dst, "bytes"), stats.Bytes)
}

// appendCounts appends an object of counts, sorted by name.
func appendCounts(dst []byte, counts map[string]uint64) []byte {
	dst = append(dst, '{')
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		dst = appendUint(dst, name, counts[name])
	}
	return append(dst, '}')
}

// appendAmounts appends an object of amounts by currency.
func appendAmounts(dst []byte, amounts map[string]models.Money) []byte {
	dst = append(dst, '{')
	for _, currency := range slices.Sorted(maps.Keys(amounts)) {
		dst = appendAmount(appendMember(dst, currency), amounts[currency])
	}
	return append(dst, '}')
}

func appendAmount(dst []byte, m models.Money) []byte {
	return append(models.AppendMoney(append(dst, '"'), m), '"')
}

func total(counts map[string]uint64) (sum uint64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
