package shopify

import (
	"math"

	"orrery/models"
	"orrery/stream/source/foreign"
)

// refund is money that went back, with the pieces that it was for.
type refund struct {
	ID      foreign.Text `json:"id"`
	Order   foreign.Text `json:"order_id"`
	Created foreign.Text `json:"created_at"`
	Done    foreign.Text `json:"processed_at"`
	Note    foreign.Text `json:"note"`

	TaxIncluded foreign.Text `json:"-"` // of the order, where that tells of the refund

	Lines        foreign.List[refundLine]  `json:"refund_line_items"`
	Adjustments  foreign.List[adjustment]  `json:"order_adjustments"`
	Transactions foreign.List[transaction] `json:"transactions"`
}

type refundLine struct {
	Quantity foreign.Text `json:"quantity"`
	Subtotal foreign.Text `json:"subtotal"`
	TotalTax foreign.Text `json:"total_tax"`
	Restock  foreign.Text `json:"restock_type"`
	Line     line         `json:"line_item"`
}

type adjustment struct {
	Kind   foreign.Text `json:"kind"`
	Amount foreign.Text `json:"amount"`
	Tax    foreign.Text `json:"tax_amount"`
}

type transaction struct {
	Kind     foreign.Text `json:"kind"`
	Status   foreign.Text `json:"status"`
	Amount   foreign.Text `json:"amount"`
	Currency foreign.Text `json:"currency"`
}

func readRefund(m *foreign.Message, out *foreign.Events) error {
	var r refund
	if err := foreign.Parse(m.Body, &r); err != nil {
		return err
	}
	switch {
	case r.ID == "":
		return noID
	case r.Order == "":
		return &models.Invalid{Field: "order_id", Code: models.Missing, Reason: "order_id is missing: a refund says which order it is for"}
	}
	r.add(m, out)
	return nil
}

// add adds the refund. It names nobody, since not every topic that tells of it knows whose it is: so all copies lie beside each
// other, under the order.
func (r *refund) add(m *foreign.Message, out *foreign.Events) {
	value, ok := r.value()
	if !ok {
		out.Skip("refund without money") // pieces that were put back
		return
	}
	ev := &foreign.Event{Name: "refund", ID: foreign.Join("shopify", "refund", string(r.ID)), Order: string(r.Order),
		Time: first(r.Done, r.Created), Value: foreign.Digits(value), Props: foreign.String("note", r.Note)}
	for i := range r.Lines {
		l := &r.Lines[i]
		if it, isProduct := l.Line.item(m, false); isProduct && it.ID != "" {
			it.Quantity, it.Price = string(l.Quantity), ""
			it.Props = foreign.String("restock", l.Restock)
			ev.Items = append(ev.Items, it)
		}
	}
	out.Add(ev)
}

// value returns what the order is worth less by the refund: the pieces without tax, as orders are worth their pieces without
// tax and shipping. Whether the prices of the lines held the tax, the order tells, or the rates of the lines; where neither does, the
// payments: then nothing was paid on top of them. A refund without lines is a discount afterwards.
func (r *refund) value() (models.Money, bool) {
	var lines, taxes, paid, other models.Money
	for i := range r.Lines {
		lines += r.Lines[i].Subtotal.Amount()
		taxes += r.Lines[i].TotalTax.Amount()
	}
	for _, t := range r.Transactions {
		if t.Kind == "refund" && t.Status != "failure" && t.Status != "error" {
			paid += t.Amount.Amount()
		}
	}
	for _, a := range r.Adjustments { // below 0: it went back; shipping was never a part of the value
		other -= a.Amount.Amount() + a.Tax.Amount()
	}
	if len(r.Lines) == 0 {
		worth := paid
		for _, a := range r.Adjustments {
			if a.Kind == "shipping_refund" {
				worth += a.Amount.Amount() + a.Tax.Amount()
			}
		}
		return max(0, worth), worth > 0
	}
	included, known := r.taxIncluded()
	if !known {
		included = paid > 0 && paid < lines+taxes+other
	}
	if included {
		lines -= taxes
	}
	return max(0, lines), lines > 0
}

// taxIncluded tells whether the prices of the lines hold the tax, and false where nothing says so: of a fifth in tax on top, 20 of 100 go to
// the state, and of one within 16.67 do.
func (r *refund) taxIncluded() (included, known bool) {
	if r.TaxIncluded != "" {
		return r.TaxIncluded.True(), true
	}
	var within, onTop float64 // how far the taxes are from what they would be
	for i := range r.Lines {
		l := &r.Lines[i]
		rate := 0.0
		for _, t := range l.Line.Taxes {
			rate += t.Rate.Amount().Float()
		}
		if tax, net := l.TotalTax.Amount().Float(), l.Subtotal.Amount().Float(); rate > 0 && tax > 0 && net > 0 {
			within += math.Abs(tax - net*rate/(1+rate))
			onTop += math.Abs(tax - net*rate)
		}
	}
	return within < onTop, within != onTop
}
