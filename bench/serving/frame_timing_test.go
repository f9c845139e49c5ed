package serving

import (
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"orrery/bench/machine"
	"orrery/bench/traffic"
	"orrery/engine"
	"orrery/models"
)

// benchmarkSite is the shop of bench serve: lists are full and visitors have histories.
var benchmarkSite = traffic.Config{}.WithDefaults()

// loaded returns an engine that has taken a site's events, and the site.
func loaded(b *testing.B) (*engine.Engine, *traffic.Site) {
	b.Helper()
	e, err := engine.New(engine.Config{})
	if err != nil {
		b.Fatal(err)
	}
	site := traffic.New(benchmarkSite, time.Now().Add(-10*time.Second), 20_000)
	var ev models.Event
	if _, err := site.Each(func(r models.Record) error {
		err := ev.Decode(r.Value, site.Load().Time())
		e.Apply([]*models.Event{&ev})
		return err
	}); err != nil {
		b.Fatal(err)
	}
	return e, site
}

// BenchmarkFrame is the answer to a frame's query, without HTTP.
func BenchmarkFrame(b *testing.B) {
	e, site := loaded(b)
	for _, k := range traffic.Kinds {
		if !strings.HasPrefix(k.Prefix, "/v1/frames/") {
			continue
		}
		var queries []models.FrameQuery
		for range 1 << 12 {
			u, err := url.Parse(site.Path(k))
			if err != nil {
				b.Fatal(err)
			}
			q := models.FrameQuery{Frame: []byte(u.Path[len("/v1/frames/"):]), Visitor: []byte(u.Query().Get("visitor")), N: 8, Now: models.TimeOf(time.Now())}
			for _, id := range strings.Split(u.Query().Get("product")+u.Query().Get("cart"), ",") {
				q.Products = append(q.Products, []byte(id))
			}
			queries = append(queries, q)
		}
		b.Run(k.Name, func(b *testing.B) {
			var f models.Frame
			b.ReportAllocs()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			began := machine.Thread()
			for i := 0; b.Loop(); i++ {
				if err := e.Frame(&queries[i%len(queries)], &f); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((machine.Thread()-began).Nanoseconds())/1e3/float64(b.N), "cpu-us/op")
			if len(f.Items) == 0 {
				b.Error("an empty frame")
			}
		})
	}
}
