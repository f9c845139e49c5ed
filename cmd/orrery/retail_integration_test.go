//go:build integration

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// invoice is one invoice of the Online Retail file.
type invoice struct {
	number   string
	customer string
	items    []string
	value    *big.Rat
}

func readRetail(t *testing.T) (invoices map[string]*invoice, rows int, sum *big.Rat) {
	t.Helper()
	invoices, sum = map[string]*invoice{}, new(big.Rat)
	readGzip(t, dataFile(t, retailFile), func(row map[string]string) {
		rows++
		v := invoices[row["InvoiceNo"]]
		if v == nil {
			v = &invoice{number: row["InvoiceNo"], customer: row["CustomerID"], value: new(big.Rat)}
			invoices[v.number] = v
		}
		amount := new(big.Rat).Mul(exactly(t, row["Quantity"]), exactly(t, row["UnitPrice"]))
		v.items = append(v.items, row["StockCode"])
		v.value.Add(v.value, amount)
		sum.Add(sum, amount)
	})
	return invoices, rows, sum
}

const retailFile = "online_retail/online_retail.csv.gz"

// Every penny of the Online Retail file is either in the engine's revenue or in a dead letter that says why.
func TestOnlineRetail(t *testing.T) {
	invoices, rows, sum := readRetail(t)
	i := newInstance(t, exact...)
	i.start()
	sent := i.replay("online-retail", dataFile(t, retailFile))
	if sent.Rows != rows || sent.Total != len(invoices) || sent.Bad != 0 {
		t.Errorf("replay says %+v, the file has %d rows in %d invoices", sent, rows, len(invoices))
	}
	i.settle()
	s, letters := i.stats(), i.deadLetters()
	reconcile(t, s, letters, sum)

	refused := map[string]bool{}
	for _, l := range letters {
		refused[l.event(t).Order] = true
	}
	checkInvoices(t, s, invoices, refused)
	checkBestsellers(t, i, invoices, refused)
}

// reconcile prints where the money went and compares it with the sum over the file's rows.
func reconcile(t *testing.T, s stats, letters []deadLetter, sum *big.Rat) {
	t.Helper()
	type heap struct {
		records int
		value   *big.Rat
	}
	dead := map[string]*heap{}
	rest := exactly(t, s.Revenue["GBP"])
	for _, l := range letters {
		e := l.event(t)
		value := exactly(t, cmp.Or(e.Value.String(), "0"))
		if e.Event == "refund" {
			value.Neg(value)
		}
		h := dead[l.reason()]
		if h == nil {
			h = &heap{value: new(big.Rat)}
			dead[l.reason()] = h
		}
		h.records++
		h.value.Add(h.value, value)
		rest.Add(rest, value)
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(what string, n int, value *big.Rat) {
		fmt.Fprintf(w, "%s\t%d\t%s\t\n", what, n, value.FloatString(3))
	}
	fmt.Fprintf(w, "\trecords\tGBP\t\n")
	line("taken, purchases less refunds", s.Total, exactly(t, s.Revenue["GBP"]))
	for _, why := range slices.Sorted(maps.Keys(dead)) {
		line("refused: "+why, dead[why].records, dead[why].value)
	}
	line("together", s.Total+len(letters), rest)
	line("the file's rows", s.Total+len(letters), sum)
	w.Flush()
	t.Logf("money\n%s", &table)

	if rest.Cmp(sum) != 0 {
		t.Errorf("taken and refused are %s together, the file's rows %s", rest.FloatString(3), sum.FloatString(3))
	}
	if published := sum.FloatString(2); published != "9747747.93" {
		t.Errorf("the file's rows sum up to %s, published are 9,747,747.93", published)
	}
	if s.DeadLetters != len(letters) {
		t.Errorf("the engine counts %d dead letters, the topic holds %d", s.DeadLetters, len(letters))
	}
}

// checkInvoices compares the totals: cancellations are refunds, and a customer is one buyer however many invoices.
func checkInvoices(t *testing.T, s stats, invoices map[string]*invoice, refused map[string]bool) {
	t.Helper()
	orders, refunds, buyers, contacts, nobody := 0, 0, map[string]bool{}, map[string]bool{}, 0
	for _, v := range invoices {
		if refused[v.number] {
			continue
		}
		if v.customer != "" {
			contacts[v.customer] = true
		} else {
			nobody++
		}
		if strings.HasPrefix(v.number, "C") {
			refunds++
			continue
		}
		orders++
		buyers[cmp.Or(v.customer, v.number)] = true
	}
	for _, n := range []struct {
		what      string
		got, want int
	}{
		{"orders", s.Orders, orders}, {"refunds", s.Refunds, refunds}, {"buyers", s.Buyers, len(buyers)},
		{"contacts", s.Contacts, len(contacts)}, {"visitors of invoices without a customer", s.Visitors, nobody},
	} {
		if n.got != n.want {
			t.Errorf("%s: %d, want %d", n.what, n.got, n.want)
		}
	}
	t.Logf("%d orders, %d refunds, %d buyers, %d contacts; %d invoices without a customer", orders, refunds, len(buyers), len(contacts), nobody)
}

// checkBestsellers shows that an invoice without a customer counts for its products.
func checkBestsellers(t *testing.T, i *instance, invoices map[string]*invoice, refused map[string]bool) {
	t.Helper()
	all, known := map[string]float64{}, map[string]float64{}
	for _, v := range invoices {
		if refused[v.number] || strings.HasPrefix(v.number, "C") {
			continue
		}
		for id := range setOf(v.items) {
			all[id]++
			if v.customer != "" {
				known[id]++
			}
		}
	}
	var frame frameAnswer
	i.get("/v1/frames/bestsellers?n=20", &frame)
	if len(frame.Items) != 20 {
		t.Fatalf("%d bestsellers, want 20", len(frame.Items))
	}
	border := all[largest(all, 20)[19]]
	without := 0.0
	for _, item := range frame.Items {
		if item.Because.Count != all[item.ID] || all[item.ID] < border {
			t.Errorf("bestseller %s has %g orders, want %g, at least %g", item.ID, item.Because.Count, all[item.ID], border)
		}
		without += all[item.ID] - known[item.ID]
	}
	if without == 0 {
		t.Error("no bestseller was bought without a customer: this shows nothing")
	}
	t.Logf("the first bestseller is %s with %g orders; %g orders of the first twenty have no customer",
		frame.Items[0].ID, frame.Items[0].Because.Count, without)
}

// deadLetter is a record of the dead-letter topic.
type deadLetter struct {
	headers map[string]string
	key     []byte
	value   []byte
}

// reason is why the record was refused: what is wrong, with what.
func (l deadLetter) reason() string {
	field := l.headers["x-field"]
	if open, end := strings.IndexByte(field, '['), strings.IndexByte(field, ']'); open >= 0 && end > open {
		field = field[:open+1] + field[end:]
	}
	return strings.TrimSpace(field + " " + l.headers["x-class"])
}

// event reads what a refused record says of itself.
func (l deadLetter) event(t *testing.T) (e struct {
	Event string
	Order string
	Value json.Number
}) {
	t.Helper()
	decodeJSON(t, l.value, &e)
	return e
}

// deadLetters reads the dead-letter topic to its end.
func (i *instance) deadLetters() (letters []deadLetter) {
	i.t.Helper()
	for _, r := range i.readTopic("deadletter") {
		l := deadLetter{headers: map[string]string{}, key: r.Key, value: r.Value}
		for _, h := range r.Headers {
			l.headers[h.Key] = string(h.Value)
		}
		letters = append(letters, l)
	}
	return letters
}
