//go:build integration

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/churn/rfm"
)

// exportedContact is a line of `orrery export contacts`.
type exportedContact struct {
	Contact  string
	Customer *struct {
		Orders int
		Spent  string
		RFM    struct {
			Segment     string
			Percentiles struct{ R, F, M float64 }
		}
		Gate  *string
		Churn *struct{ Alive float64 }
	}
}

// UnmarshalJSON reads the flat line.
func (c *exportedContact) UnmarshalJSON(b []byte) error {
	var flat struct {
		Contact string
		Orders  *int
		Spent   json.Number
		Segment string
		R       float64 `json:"r_percentile"`
		F       float64 `json:"f_percentile"`
		M       float64 `json:"m_percentile"`
		Gate    *string `json:"forecast_gate"`
		Alive   *float64
	}
	if err := json.Unmarshal(b, &flat); err != nil || flat.Orders == nil {
		c.Contact = flat.Contact
		return err
	}
	nested := map[string]any{
		"orders": *flat.Orders, "spent": flat.Spent.String(), "gate": flat.Gate,
		"rfm": map[string]any{"segment": flat.Segment, "percentiles": map[string]float64{"r": flat.R, "f": flat.F, "m": flat.M}},
	}
	if flat.Alive != nil {
		nested["churn"] = map[string]float64{"alive": *flat.Alive}
	}
	text, err := json.Marshal(nested)
	if err != nil {
		return err
	}
	c.Contact = flat.Contact
	return json.Unmarshal(text, &c.Customer)
}

// atEdge tells whether a percentile lies so near an edge that the settled score, which is told, may be another than the one of
// this moment, which is shown: see rfm.DefaultMargin.
func (c *exportedContact) atEdge() bool {
	p := c.Customer.RFM.Percentiles
	for _, share := range []float64{p.R, p.F, p.M} {
		if math.Abs(share*5-math.Round(share*5)) <= 5*(rfm.DefaultMargin+1e-4) {
			return true
		}
	}
	return false
}

func (i *instance) export() (all []exportedContact) {
	i.t.Helper()
	out := execute(i.t, i.dir, "export", "export", "contacts", "--url", i.http)
	for line := range bytes.Lines(out) {
		var c exportedContact
		decodeJSON(i.t, line, &c)
		all = append(all, c)
	}
	return all
}

// scores reads the topic of scores to its end and returns the newest record of every contact.
func (i *instance) scores() map[string]score {
	i.t.Helper()
	topic := i.prefix + "scores"
	client := i.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		i.t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	newest := map[string]score{}
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			i.t.Fatalf("cannot read the scores: %v", err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			var s score
			if r.Value == nil { // of who was erased
				_, s.Contact, _ = strings.Cut(string(r.Key), "\x1f")
				delete(newest, s.Contact)
			} else if err := json.Unmarshal(r.Value, &s); err != nil || string(r.Key) != s.Shop+"\x1f"+s.Contact {
				i.t.Fatalf("record %q: %s: %v", r.Key, r.Value, err)
			} else {
				newest[s.Contact] = s
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return newest
}

// Customers come through five kills at random moments of a replay as they are without: orders and money of everybody; and
// the topic of scores ends with the segment that everybody is in.
func TestCustomersThroughKills(t *testing.T) {
	file := dataFile(t, retailFile)
	invoices, _, _ := readRetail(t)
	i := newInstance(t, append([]string{"--snapshot.every", "300ms"}, exact...)...)
	i.start()
	random := rand.New(rand.NewPCG(killSeed(t), 1))
	for part := range 5 { // each replay begins anew: what is there already does not count again
		i.replay("online-retail", file, "--limit", strconv.Itoa(5000*(part+1)))
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		i.proc.kill()
		i.start()
	}
	i.replay("online-retail", file)
	i.settle()

	orders := map[string]int{}
	for _, v := range invoices {
		if v.customer != "" && v.number[0] != 'C' {
			orders["customer-"+v.customer]++
		}
	}
	// What is told is looked at as a day of the stream begins: the day after the file's last one.
	if status, body := i.post("/v1/events", []byte(`{"event":"page_view","visitor":"v","time":"2011-12-10T00:00:01Z"}`)); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	i.settle()
	var contacts []exportedContact
	eventually(t, "the topic of scores has the segments of all customers", func() bool {
		contacts = i.export()
		newest, same, wrong := i.scores(), 0, 0
		for _, c := range contacts {
			switch {
			case c.Customer == nil:
			case newest[c.Contact].Segment == c.Customer.RFM.Segment:
				same++
			case newest[c.Contact].Segment == "" || !c.atEdge():
				wrong++
			}
		}
		return wrong == 0 && same > len(orders)*9/10
	})
	customers, mismatches := 0, 0
	for _, c := range contacts {
		if c.Customer == nil {
			continue
		}
		if customers++; c.Customer.Orders != orders[c.Contact] {
			if mismatches++; mismatches < 10 {
				t.Errorf("%s: %d orders, the file has %d", c.Contact, c.Customer.Orders, orders[c.Contact])
			}
		}
	}
	if customers != len(orders) || mismatches > 0 {
		t.Errorf("%d customers with %d mismatches, the file has %d", customers, mismatches, len(orders))
	}

	var models struct {
		Model       *struct{ Name string }
		Calibration *struct{ Customers int }
	}
	eventually(t, "models are there", func() bool {
		i.get("/v1/models", &models)
		return models.Model != nil
	})
	t.Logf("%d customers, model %s, calibration on %d", customers, models.Model.Name, models.Calibration.Customers)
}
