package main

import (
	"fmt"
	"math"

	"orrery/models"
	"orrery/serve"
	"orrery/stream/columnar"
)

var contactTable = columnar.Table{Name: "contacts", Version: 1, Columns: []columnar.Column{
	{Name: "contact", Kind: columnar.Text}, {Name: "attributes", Kind: columnar.Text},
	{Name: "first_purchase", Kind: columnar.Day}, {Name: "last_purchase", Kind: columnar.Day}, {Name: "purchase_days", Kind: columnar.Int}, {Name: "orders", Kind: columnar.Int},
	{Name: "spent", Kind: columnar.Money}, {Name: "currency", Kind: columnar.ID}, {Name: "median_gap_days", Kind: columnar.Real},
	{Name: "segment", Kind: columnar.ID}, {Name: "recency_days", Kind: columnar.Int}, {Name: "r", Kind: columnar.Int}, {Name: "f", Kind: columnar.Int}, {Name: "m", Kind: columnar.Int},
	{Name: "r_percentile", Kind: columnar.Real}, {Name: "f_percentile", Kind: columnar.Real}, {Name: "m_percentile", Kind: columnar.Real},
	{Name: "forecast_gate", Kind: columnar.ID}, {Name: "base_rate_of", Kind: columnar.Int}, {Name: "alive", Kind: columnar.Real}, {Name: "churn_band", Kind: columnar.Int},
	{Name: "buy_7_days", Kind: columnar.Real}, {Name: "buy_28_days", Kind: columnar.Real},
	{Name: "year_purchase_days", Kind: columnar.Real}, {Name: "next_order_value", Kind: columnar.Real}, {Name: "year_spend", Kind: columnar.Real},
	{Name: "next_purchase_days", Kind: columnar.Real}, {Name: "days_late", Kind: columnar.Real},
	{Name: "outlook_gate", Kind: columnar.ID}, {Name: "outlook_7_days", Kind: columnar.Real}, {Name: "outlook_28_days", Kind: columnar.Real},
	{Name: "mail_gate", Kind: columnar.ID}, {Name: "mail_best_hour_utc", Kind: columnar.Int}, {Name: "mail_answer_probability", Kind: columnar.Real}, {Name: "mails_sent", Kind: columnar.Int},
	{Name: "as_of", Kind: columnar.Moment},
}}

// null is a value that is not known.
var null columnar.Value

// nulls appends n of them.
func nulls(row []columnar.Value, n int) []columnar.Value {
	for range n {
		row = append(row, null)
	}
	return row
}

// finite returns a number, null where it is none that can be said: of what may never come.
func finite(x float64) columnar.Value {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return null
	}
	return columnar.OfReal(x)
}

// customerColumns and the next two are how many columns of a contact come from what.
const (
	customerColumns = 26
	outlookColumns  = 3
	mailColumns     = 4
)

func (x *exports) contacts(q *serve.ExportRequest) *rowTable {
	shop := []byte(q.Shop)
	return &rowTable{table: &contactTable, about: int64(x.engine.ShopStats(shop).Contacts), each: func(from uint32, most int, put func(string, []columnar.Value) error) (uint32, error) {
		var row []columnar.Value
		var err error
		n := 0
		next := x.engine.EachContact(shop, from, q.Now, func(who []byte, p *models.Profile) bool {
			if n++; !inSegment(q, p) {
				err = put(string(who), nil)
			} else {
				row = append(row[:0], columnar.OfText(who), columnar.OfName(p.Attributes))
				row = appendMailColumns(appendOutlookColumns(appendCustomerColumns(row, p.Customer), p.Outlook), p.Mail)
				err = put(string(who), append(row, columnar.OfMoment(q.Now)))
			}
			return err == nil && n < most
		})
		return next, err
	}}
}

// inSegment tells whether a contact is wanted.
func inSegment(q *serve.ExportRequest, p *models.Profile) bool {
	return q.Segment == "" || p.Customer != nil && p.Customer.Segment == q.Segment
}

func appendCustomerColumns(row []columnar.Value, c *models.Customer) []columnar.Value {
	if c == nil {
		return nulls(row, customerColumns)
	}
	row = append(row, columnar.OfMoment(c.First), columnar.OfMoment(c.Last), columnar.OfInt(c.Days), columnar.OfInt(c.Orders), columnar.OfMoney(c.Spent), columnar.OfString(c.Currency))
	if c.Days > 1 {
		row = append(row, columnar.OfReal(c.Gap))
	} else {
		row = append(row, null)
	}
	row = append(row, columnar.OfString(c.Segment), columnar.OfInt(c.Age))
	for _, score := range c.Score {
		row = append(row, columnar.OfInt(score))
	}
	for _, p := range c.Percentile {
		row = append(row, columnar.OfReal(p))
	}
	if c.Gate == "" {
		return append(row, null, null, columnar.OfReal(c.Alive), columnar.OfInt(c.Band), columnar.OfReal(c.Buy7), columnar.OfReal(c.Buy28),
			finite(c.Year), finite(c.Order), finite(c.Value), finite(c.Next), finite(c.Late))
	}
	row = append(row, columnar.OfString(c.Gate))
	if c.BaseN == 0 && c.Buy28 == 0 {
		return nulls(row, 10)
	}
	row = append(row, columnar.OfInt(c.BaseN), null, null, columnar.OfReal(c.Buy7), columnar.OfReal(c.Buy28))
	return nulls(row, 5)
}

func appendOutlookColumns(row []columnar.Value, o *models.Outlook) []columnar.Value {
	if o == nil {
		return nulls(row, outlookColumns)
	}
	return append(row, columnar.OfName([]byte(o.Gate)), columnar.OfReal(o.Within[0]), columnar.OfReal(o.Within[1]))
}

func appendMailColumns(row []columnar.Value, m *models.MailHour) []columnar.Value {
	if m == nil {
		return nulls(row, mailColumns)
	}
	row = append(row, columnar.OfName([]byte(m.Gate)))
	if m.Gate != "" {
		row = nulls(row, 2)
	} else {
		row = append(row, columnar.OfInt(m.Hour), columnar.OfReal(m.Rate))
	}
	return append(row, columnar.OfInt(m.Sent))
}

var orderTable = columnar.Table{Name: "orders", Version: 1, Columns: []columnar.Column{
	{Name: "kind", Kind: columnar.ID}, {Name: "order", Kind: columnar.Text}, {Name: "key", Kind: columnar.Text}, {Name: "time", Kind: columnar.Moment}, {Name: "contact", Kind: columnar.Text}, {Name: "visitor", Kind: columnar.Text},
	{Name: "value", Kind: columnar.Money}, {Name: "refunded", Kind: columnar.Money}, {Name: "net", Kind: columnar.Money}, {Name: "currency", Kind: columnar.ID}, {Name: "cancelled", Kind: columnar.Bool},
	{Name: "coupon", Kind: columnar.ID}, {Name: "discount", Kind: columnar.Money}, {Name: "shipping", Kind: columnar.Money}, {Name: "tax", Kind: columnar.Money},
	{Name: "lines", Kind: columnar.List, Fields: boughtColumns},
}}

// boughtColumns are what is said of a line of an order, as it was bought; paid and discount are of all pieces.
var boughtColumns = []columnar.Column{
	{Name: "item_id", Kind: columnar.ID}, {Name: "quantity", Kind: columnar.Int}, {Name: "paid", Kind: columnar.Money}, {Name: "discount", Kind: columnar.Money},
	{Name: "coupon", Kind: columnar.ID}, {Name: "brand", Kind: columnar.ID}, {Name: "category", Kind: columnar.ID},
}

func appendBought(row []columnar.Value, l *models.FactLine) []columnar.Value {
	return append(row, columnar.OfString(l.Product), columnar.OfInt(l.Quantity), amount(l.Paid), amount(l.Discount), name(l.Coupon), name(l.Brand), name(l.Category))
}

// amount returns an amount, null where none was said.
func amount(a *models.Amount) columnar.Value {
	if a == nil {
		return null
	}
	return columnar.OfMoney(models.Money(*a))
}

var lineTable = columnar.Table{Name: "order_lines", Version: 1, Columns: append([]columnar.Column{
	{Name: "order", Kind: columnar.Text}, {Name: "key", Kind: columnar.Text}, {Name: "line", Kind: columnar.Int}, {Name: "time", Kind: columnar.Moment}, {Name: "contact", Kind: columnar.Text}, {Name: "visitor", Kind: columnar.Text},
	{Name: "currency", Kind: columnar.ID}, {Name: "cancelled", Kind: columnar.Bool},
}, boughtColumns...)}

// name returns a text, null where it is empty.
func name(s string) columnar.Value { return columnar.OfName([]byte(s)) }

// hashed returns the hash of an id that is not kept.
func hashed(k models.Key) columnar.Value {
	if k == 0 {
		return null
	}
	b, _ := k.MarshalJSON()
	return columnar.OfText(b[1 : len(b)-1])
}

// orderKey is what an order is told from the others by.
func orderKey(o *models.Fact) string { return fmt.Sprint(o.Fact, o.Order, uint64(o.Key), o.Contact) }

// netOf is what an order adds to the shop's revenue.
func netOf(o *models.Fact) columnar.Value {
	switch {
	case o.Cancelled:
		return columnar.OfMoney(0)
	case o.Fact == models.FactNote:
		return columnar.OfMoney(-models.Money(o.Refunded))
	}
	return columnar.OfMoney(max(0, models.Money(o.Value)-models.Money(o.Refunded)))
}

func (x *exports) orders(q *serve.ExportRequest) *rowTable {
	return x.eachOrder(q, &orderTable, func(o *models.Fact, row []columnar.Value, put func([]columnar.Value) error) error {
		lines := make([][]columnar.Value, len(o.Lines))
		for i := range o.Lines {
			lines[i] = appendBought(nil, &o.Lines[i])
		}
		return put(append(row, columnar.OfString(o.Fact), name(o.Order), hashed(o.Key), columnar.OfMoment(o.Time), name(o.Contact), hashed(o.Visitor), columnar.OfMoney(models.Money(o.Value)),
			columnar.OfMoney(models.Money(o.Refunded)), netOf(o), name(o.Currency), columnar.OfBool(o.Cancelled),
			name(o.Coupon), amount(o.Discount), amount(o.Shipping), amount(o.Tax), columnar.OfList(lines)))
	})
}

func (x *exports) orderLines(q *serve.ExportRequest) *rowTable {
	return x.eachOrder(q, &lineTable, func(o *models.Fact, row []columnar.Value, put func([]columnar.Value) error) error {
		for i := range o.Lines {
			if err := put(appendBought(append(row[:0], name(o.Order), hashed(o.Key), columnar.OfInt(i+1), columnar.OfMoment(o.Time), name(o.Contact), hashed(o.Visitor),
				name(o.Currency), columnar.OfBool(o.Cancelled)), &o.Lines[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachOrder makes a table of orders.
func (x *exports) eachOrder(q *serve.ExportRequest, t *columnar.Table, rows func(*models.Fact, []columnar.Value, func([]columnar.Value) error) error) *rowTable {
	shop := []byte(q.Shop)
	about := int64(0)
	if t == &orderTable {
		about = int64(x.engine.ShopStats(shop).Orders)
	}
	return &rowTable{table: t, about: about, each: func(from uint32, most int, put func(string, []columnar.Value) error) (uint32, error) {
		row := make([]columnar.Value, 0, len(t.Columns))
		var err error
		n := 0
		next := x.engine.EachOrder(shop, from, func(o *models.Fact) bool {
			key := orderKey(o)
			if err = put(key, nil); err == nil {
				err = rows(o, row, func(row []columnar.Value) error { return put(key, row) })
			}
			n++
			return err == nil && n < most
		})
		return next, err
	}}
}

var productTable = columnar.Table{Name: "products", Version: 1, Columns: []columnar.Column{
	{Name: "item_id", Kind: columnar.Text}, {Name: "title", Kind: columnar.Text}, {Name: "url", Kind: columnar.Text}, {Name: "image", Kind: columnar.Text}, {Name: "brand", Kind: columnar.ID}, {Name: "category", Kind: columnar.ID},
	{Name: "price", Kind: columnar.Money}, {Name: "sale_price", Kind: columnar.Money}, {Name: "sale_from", Kind: columnar.Moment}, {Name: "sale_until", Kind: columnar.Moment}, {Name: "currency", Kind: columnar.ID},
	{Name: "in_stock", Kind: columnar.Bool}, {Name: "stock", Kind: columnar.Int}, {Name: "listed", Kind: columnar.Bool}, {Name: "removed", Kind: columnar.Bool}, {Name: "first_listed", Kind: columnar.Moment}, {Name: "attributes", Kind: columnar.Text},
}}

// positive returns an amount, null where there is none.
func positive(a models.Amount) columnar.Value {
	if a == 0 {
		return null
	}
	return columnar.OfMoney(models.Money(a))
}

func (x *exports) products(q *serve.ExportRequest) *rowTable {
	shop := []byte(q.Shop)
	return &rowTable{table: &productTable, about: int64(x.engine.ShopStats(shop).Products), each: func(from uint32, most int, put func(string, []columnar.Value) error) (uint32, error) {
		row := make([]columnar.Value, 0, len(productTable.Columns))
		var err error
		n := 0
		next := x.engine.EachProduct(shop, from, func(p *models.Fact) bool {
			stock := null
			if p.Stock != nil {
				stock = columnar.OfInt(*p.Stock)
			}
			err = put(p.Product, append(row, columnar.OfString(p.Product), name(p.Title), name(p.URL), name(p.Image), name(p.Brand), name(p.Category),
				positive(p.Price), positive(p.Sale), columnar.OfMoment(p.SaleFrom), columnar.OfMoment(p.SaleUntil), name(p.Currency),
				columnar.OfBool(!p.SoldOut), stock, columnar.OfBool(p.Listed), columnar.OfBool(p.Removed), columnar.OfMoment(p.Time), columnar.OfName(p.Attributes)))
			n++
			return err == nil && n < most
		})
		return next, err
	}}
}

var neighbourTable = columnar.Table{Name: "neighbours", Version: 1, Columns: []columnar.Column{
	{Name: "item_id", Kind: columnar.ID}, {Name: "relation", Kind: columnar.ID}, {Name: "neighbour_id", Kind: columnar.ID}, {Name: "together", Kind: columnar.Real},
	{Name: "baskets_of_item", Kind: columnar.Real}, {Name: "baskets_of_neighbour", Kind: columnar.Real}, {Name: "baskets", Kind: columnar.Real}, {Name: "cosine", Kind: columnar.Real}, {Name: "log_likelihood_ratio", Kind: columnar.Real},
	{Name: "as_of", Kind: columnar.Moment},
}}

// rounded returns a count that fades, without digits that mean nothing.
func rounded(x float32) columnar.Value { return columnar.OfReal(math.Round(float64(x)*1e4) / 1e4) }

func (x *exports) neighbours(q *serve.ExportRequest) *rowTable {
	return &rowTable{table: &neighbourTable, each: func(from uint32, most int, put func(string, []columnar.Value) error) (uint32, error) {
		row := make([]columnar.Value, 0, len(neighbourTable.Columns))
		var err error
		rows := 0
		next := x.engine.EachNeighbours([]byte(q.Shop), from, q.Now, func(n *models.Neighbours) bool {
			product, relation, left, total := columnar.OfText(n.Product), columnar.OfString(n.Relation), rounded(n.Left), rounded(n.Total)
			for i := range n.List {
				o := &n.List[i]
				if err == nil {
					err = put(string(n.Product), append(row, product, relation, columnar.OfText(o.Product), rounded(o.Count),
						left, rounded(o.Right), total, rounded(o.Cosine), rounded(o.LLR), columnar.OfMoment(q.Now)))
				}
				rows++
			}
			return err == nil && rows < most
		})
		return next, err
	}}
}
