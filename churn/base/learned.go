package base

import (
	"encoding/json"
	"fmt"

	"orrery/churn"
	"orrery/models"
)

// learned is the value of a record of the topic of what was learned: the models of a shop's customers, that hold from the place on
// where it stands in the log.
type learned struct {
	What    string `json:"learned"` // "customers"
	Version int    `json:"version"`
	Models  []byte `json:"models"` // churn.Models.Encode
}

const (
	learnedCustomers = "customers"
	learnedVersion   = 1
	maxLearned       = 900 << 10 // bytes of a record: what every broker takes
)

// Record returns the record that makes models those of the shop, everywhere where the log is read.
func (c Base) Record(m *churn.Models) (r models.Record, err error) {
	l := learned{What: learnedCustomers, Version: learnedVersion}
	if l.Models, err = m.Encode(); err != nil {
		return r, err
	}
	r = models.Record{Topic: models.Learned, Key: fmt.Appendf(nil, "%s%c%s", c.Shop(), models.KeySeparator, learnedCustomers)}
	if r.Value, err = json.Marshal(&l); err != nil {
		return r, fmt.Errorf("cannot encode the models of customers: %w", err)
	}
	if len(r.Value) > maxLearned {
		return r, fmt.Errorf("cannot write the models of customers: they take %d bytes, and %d are allowed", len(r.Value), maxLearned)
	}
	return r, nil
}

// readLearned reads what an event of kind models.LearnedRecord holds.
func readLearned(ev *models.Event) (*churn.Models, error) {
	var l learned
	if err := json.Unmarshal(ev.Props, &l); err != nil {
		return nil, fmt.Errorf("cannot read what was learned: %w", err)
	}
	if l.What != learnedCustomers || l.Version != learnedVersion {
		return nil, fmt.Errorf("cannot read %q of version %d: a later version has learned it", l.What, l.Version)
	}
	return churn.DecodeModels(l.Models)
}

// Admit refuses what Learn would not understand.
func Admit(ev *models.Event) *models.Invalid {
	if _, err := readLearned(ev); err != nil {
		return &models.Invalid{Code: models.NotLearned, Reason: err.Error()}
	}
	return nil
}

// Learn makes what was learned hold.
func (c *Customers) Learn(shop uint32, ev *models.Event) {
	m, err := readLearned(ev)
	if err != nil {
		return // who asks Admit before does not come here
	}
	b := c.book(shop)
	b.base.Learn(m)
	c.tell(b, timeOf(c.day))
	if b.base.Renew(0) {
		c.renewing = append(c.renewing, b)
	}
}

// renewed is how many customers follow new models with every event, where they are more than follow at once.
const renewed = 16

// Renewing tells whether customers are still to follow new models.
func (c *Customers) Renewing() bool { return len(c.renewing) > 0 }

// Renew has some more customers follow new models.
func (c *Customers) Renew() {
	left := c.renewing[:0]
	for _, b := range c.renewing {
		more := b.base.Renew(renewed)
		if c.tell(b, timeOf(c.day)); more {
			left = append(left, b)
		}
	}
	c.renewing = left
}
