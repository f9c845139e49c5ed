package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"orrery/models"
	shops "orrery/stream/source"
	adapter "orrery/stream/source/foreign"
)

// platform is a shop platform whose objects a file of JSON has. They go through the platform's adapter, so that what a webhook, a
// topic and a file say of an order is the same event.
type platform struct {
	name string
	list []string // the members in which its interface answers with several objects
	// message makes what the adapter reads of an object.
	message func(object adapter.Object, zone *time.Location) (topic string, body []byte)
}

// platforms by the name of their presets.
var platforms = map[string]platform{
	"shopify": {"shopify", []string{"orders", "products", "customers"}, func(o adapter.Object, _ *time.Location) (string, []byte) {
		switch {
		case has(o, "line_items"):
			return "orders", o
		case has(o, "variants"):
			return "products", o
		}
		return "customers", o
	}},
	"woocommerce": {"woocommerce", nil, func(o adapter.Object, _ *time.Location) (string, []byte) {
		switch {
		case has(o, "line_items"):
			return "order", o
		case has(o, "stock_status") || has(o, "regular_price"):
			return "product", o
		}
		return "customer", o
	}},
	"prestashop": {"prestashop", []string{"orders"}, prestashopMessage},
	"magento":    {"magento", []string{"items"}, func(o adapter.Object, _ *time.Location) (string, []byte) { return "", o }},
	"idosell": {"idosell", []string{"Results"}, func(o adapter.Object, _ *time.Location) (string, []byte) {
		return "", append(append([]byte(`{"Results":[`), o...), "]}"...)
	}},
}

func has(o adapter.Object, name string) bool { return models.Member(o[1:len(o)-1], name) != nil }

// prestashopMessage makes of an order as the web service has it what the shop's hook would post. Its times are the shop's clock.
func prestashopMessage(o adapter.Object, zone *time.Location) (string, []byte) {
	if has(o, "hook") || has(o, "order") {
		return "", o
	}
	body := append([]byte(`{"hook":"order","order":`), o[:len(o)-1]...)
	body = append(models.AppendString(append(body, `,"date_add":`...), adapter.In(o.Text("date_add"), zone)), '}')
	body = append(models.AppendString(append(body, `,"newOrderStatus":{"id":`...), o.Text("current_state")), '}')
	body = append(models.AppendString(append(body, `,"customer":{"id":`...), o.Text("id_customer")), '}')
	return "", append(body, '}')
}

// messages replays a file of a platform's objects.
func (r *runner) messages(ctx context.Context, p *platform, in texts) error {
	for {
		raw, err := in.next()
		line := in.at()
		if err == io.EOF {
			return nil
		}
		if raw = bytes.TrimSpace(raw); err == nil && len(raw) == 0 {
			continue
		}
		if stop := r.step(ctx); stop != nil {
			return stop
		}
		if err == nil {
			err = r.message(ctx, p, line, raw)
		} else {
			err = r.bad(err)
		}
		if err != nil {
			return err
		}
	}
}

func (r *runner) message(ctx context.Context, p *platform, line int64, raw []byte) error {
	if raw[0] != '{' {
		return r.bad(badRow(line, "it is no JSON object"))
	}
	m := adapter.Message{}
	m.Topic, m.Body = p.message(raw, r.cfg.Location)
	events, err := shops.Read(p.name, m)
	if err != nil {
		return r.bad(&rowError{line, err})
	}
	for why, n := range events.Skipped() {
		r.tally.Noted["left out: "+why] += int64(n)
	}
	if events.Len() == 0 {
		r.tally.LeftOut++
	}
	events.Each(func(value []byte) {
		if err == nil {
			err = r.foreignEvent(ctx, line, value)
		}
	})
	return err
}

// foreignEvent sends an event of an adapter. What says no shop and no currency is of the configuration's.
func (r *runner) foreignEvent(ctx context.Context, line int64, value []byte) error {
	now := models.TimeOf(r.cfg.Now())
	err := r.check.Decode(value, now)
	if err == nil && (r.cfg.Shop != "" && len(r.check.Shop) == 0 || r.cfg.Currency != "" && len(r.check.Currency) == 0 && r.check.HasValue) {
		value = slices.Clone(value[:len(value)-1])
		if len(r.check.Shop) == 0 && r.cfg.Shop != "" {
			value = models.AppendString(append(value, `,"shop":`...), r.cfg.Shop)
		}
		if len(r.check.Currency) == 0 && r.cfg.Currency != "" {
			value = models.AppendString(append(value, `,"currency":`...), r.cfg.Currency)
		}
		value = append(value, '}')
		err = r.check.Decode(value, now)
	}
	if invalid := (*models.Invalid)(nil); errors.As(err, &invalid) {
		return r.bad(&rowError{line, err})
	}
	if r.check.NoTime && r.check.Kind.Topic() != models.Catalogue {
		r.tally.Noted[fmt.Sprintf("%s without a time: it is of now", r.check.Name)]++
	}
	return r.put(ctx, &r.check, value, nil)
}

// platform returns the platform whose objects a file has: of a preset that is of one, where the file is JSON.
func (r *runner) platform(src *source, format Format) (p platform, ok bool) {
	if p, ok = platforms[r.cfg.Preset]; !ok || src.sheet {
		return p, false
	}
	if format == JSONL {
		return p, true
	}
	head, _ := src.begin()
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	return p, len(head) > 0 && (head[0] == '{' || head[0] == '[')
}
