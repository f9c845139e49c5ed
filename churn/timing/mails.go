package timing

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"orrery/churn/rfm"
	"orrery/models"
	"orrery/models/people"
	"orrery/models/slab"
)

// Mails knows which mails contacts were sent and which of them brought a click, a visit or an order: what the best hour
// to write follows from. Of each contact the newest mails are kept, of each shop and each of its segments
// fading sums by hour. A mail costs O(1), and so does an answer; a contact that gets mail takes 72 B, others 8.
type Mails struct {
	people *people.People
	places slab.Words // a word a contact: the place of its ring, 0 for who has got no mail
	rings  slab.Words // ringWords each: how many mails in all, then the newest, two a word
	sums   slab.Words // sumsOf a shop: by level and hour, mails and answers as float64
}

const (
	ringMails = 16
	ringWords = 1 + ringMails/2
	// levels of a shop: all its mails, then those to each segment.
	levels     = 16
	levelWords = 2 * Hours
	shopWords  = levels * levelWords
)

// A mail is its minute since 2000, the segment that it went to, and whether it was answered.
const (
	mailAnswered = 1 << 31
	mailSegment  = 27
	mailMinute   = 1<<mailSegment - 1
)

// How long after a mail a click, and a visit or an order, count as its answer: a click names its mail, a visit does not.
const (
	ClickWithin = 48 * models.Hour
	VisitWithin = 6 * models.Hour
)

// mailEpoch is the day on which an observation weighs 1. Later ones weigh more by their half-life, so that fading is a
// division by whoever reads; float64 holds that for 120 years.
const mailEpoch = 18_000

func mailWeight(day float64) float64 { return math.Exp2((day - mailEpoch) / HalfLife) }

func dayAt(t models.Time) float64 { return float64(t) / float64(models.Day) }

// NewMails returns mails of nobody.
func NewMails(p *people.People) *Mails {
	m := &Mails{people: p}
	m.rings.Grow(ringWords) // place 0 is nobody's
	return m
}

// Send notes a mail to a contact of a segment.
func (m *Mails) Send(shop, contact uint32, segment rfm.Segment, t models.Time) {
	if contact == 0 || t < models.MinTime {
		return
	}
	m.places.Grow(uint64(contact) + 1)
	place := m.places.Load(uint64(contact))
	if place == 0 {
		place = m.rings.Len()
		m.rings.Grow(place + ringWords)
	}
	n := m.rings.Load(place)
	mail := uint32((t-models.MinTime)/models.Minute)&mailMinute | uint32(segment)<<mailSegment
	m.setMail(place, n%ringMails, mail)
	m.rings.Set(place, n+1)
	m.places.Set(uint64(contact), place)
	m.count(shop, mail, 0)
}

// Answer notes that a contact has come, and takes it for an answer to the newest mail if that lies within a time and has none.
func (m *Mails) Answer(shop, contact uint32, t, within models.Time) {
	if uint64(contact) >= m.places.Len() {
		return
	}
	place := m.places.Load(uint64(contact))
	if place == 0 {
		return
	}
	n := m.rings.Load(place) - 1
	mail := m.mail(place, n%ringMails)
	if since := t - sentAt(mail); mail&mailAnswered != 0 || since < -models.Minute || since > within {
		return
	}
	m.setMail(place, n%ringMails, mail|mailAnswered)
	m.count(shop, mail, 1)
}

func sentAt(mail uint32) models.Time {
	return models.MinTime + models.Time(mail&mailMinute)*models.Minute
}

func segmentOf(mail uint32) uint64 { return uint64(mail >> mailSegment & (levels - 1)) }

func (m *Mails) mail(place, i uint64) uint32 {
	return uint32(m.rings.Load(place+1+i/2) >> (i % 2 * 32))
}

func (m *Mails) setMail(place, i uint64, mail uint32) {
	at, shift := place+1+i/2, i%2*32
	m.rings.Set(at, m.rings.Load(at)&^(math.MaxUint32<<shift)|uint64(mail)<<shift)
}

// Forget forgets the mails of a contact. The sums by hour stay.
func (m *Mails) Forget(contact uint32) {
	if uint64(contact) >= m.places.Len() {
		return
	}
	if place := m.places.Load(uint64(contact)); place != 0 {
		m.places.Set(uint64(contact), 0)
		for i := range uint64(ringWords) {
			m.rings.Set(place+i, 0)
		}
	}
}

// Of returns the mails that are known of a contact, the newest last. Any goroutine may call it.
func (m *Mails) Of(contact uint32) (list []models.MailTouch) {
	if uint64(contact) >= m.places.Len() {
		return nil
	}
	place := m.places.Load(uint64(contact))
	if place == 0 {
		return nil
	}
	n := m.rings.Load(place)
	for i := n - min(n, ringMails); i < n; i++ {
		mail := m.mail(place, i%ringMails)
		list = append(list, models.MailTouch{At: sentAt(mail), Answered: mail&mailAnswered != 0})
	}
	return list
}

// Merge gives the mails of one contact to another, the newest of both.
func (m *Mails) Merge(from, into uint32) {
	if uint64(from) >= m.places.Len() || m.places.Load(uint64(from)) == 0 {
		return
	}
	m.places.Grow(uint64(into) + 1)
	old, place := m.places.Load(uint64(from)), m.places.Load(uint64(into))
	m.places.Set(uint64(from), 0)
	if place == 0 {
		m.places.Set(uint64(into), old)
		return
	}
	var all []uint32
	sent := uint64(0)
	for _, at := range [...]uint64{old, place} {
		n := m.rings.Load(at)
		for i := range min(n, ringMails) {
			all = append(all, m.mail(at, (n-min(n, ringMails)+i)%ringMails))
		}
		sent += n
	}
	slices.SortStableFunc(all, func(a, b uint32) int { return cmp.Compare(a&mailMinute, b&mailMinute) })
	all = all[max(0, len(all)-ringMails):]
	for i, mail := range all {
		m.setMail(place, (sent-uint64(len(all)-i))%ringMails, mail)
	}
	m.rings.Set(place, sent)
}

// count adds a mail (what 0) or an answer to it (1) to the sums of its shop and segment.
func (m *Mails) count(shop, mail uint32, what uint64) {
	m.sums.Grow((uint64(shop) + 1) * shopWords)
	t := sentAt(mail)
	hour, w := uint64(t%models.Day/models.Hour), mailWeight(dayAt(t))
	for _, level := range [...]uint64{0, 1 + segmentOf(mail)} {
		if level < levels {
			at := uint64(shop)*shopWords + level*levelWords + 2*hour + what
			m.sums.Set(at, math.Float64bits(math.Float64frombits(m.sums.Load(at))+w))
		}
	}
}

// clock returns the sums of a level as of a day.
func (m *Mails) clock(shop uint32, level uint64, day float64) (c Clock) {
	c.Day = day
	from := uint64(shop)*shopWords + level*levelWords
	if from+levelWords > m.sums.Len() {
		return c
	}
	w := mailWeight(day)
	for h := range uint64(Hours) {
		c.Sent[h] = float32(math.Float64frombits(m.sums.Load(from+2*h)) / w)
		c.Answered[h] = float32(math.Float64frombits(m.sums.Load(from+2*h+1)) / w)
	}
	return c
}

// own returns a contact's clock as of a moment, and how many mails it got in all.
func (m *Mails) own(contact uint32, now models.Time) (c Clock, sent uint64) {
	c.Day = dayAt(now)
	if uint64(contact) >= m.places.Len() {
		return c, 0
	}
	place := m.places.Load(uint64(contact))
	if place == 0 {
		return c, 0
	}
	sent = m.rings.Load(place)
	for i := range min(sent, ringMails) {
		mail := m.mail(place, i)
		t := sentAt(mail)
		hour := int(t % models.Day / models.Hour)
		c.Send(dayAt(t), hour)
		if mail&mailAnswered != 0 {
			c.Answer(dayAt(t), hour)
		}
	}
	return c, sent
}

// What a shop must have sent, after fading, before its hours mean anything: that many mails, answers, and hours with a
// part of them.
const (
	leastMails     = 500
	leastAnswers   = 50
	leastHours     = 4
	leastHourMails = 10
)

// Best returns the hour to write to a contact. Any goroutine may call it.
func (m *Mails) Best(shop, contact uint32, segment rfm.Segment, now models.Time) *models.MailHour {
	all := m.clock(shop, 0, dayAt(now))
	out := &models.MailHour{}
	hours := 0
	for h := range Hours {
		out.ShopMails += float64(all.Sent[h])
		out.ShopAnswers += float64(all.Answered[h])
		if all.Sent[h] >= leastHourMails {
			hours++
		}
	}
	own, sent := m.own(contact, now)
	for h := range Hours {
		out.Mails += float64(own.Sent[h])
		out.Answers += float64(own.Answered[h])
	}
	out.Sent = sent
	switch {
	case out.ShopMails < leastMails:
		out.Gate = fmt.Sprintf("the shop has sent %.0f mails of late, of the %d that the hours need", out.ShopMails, leastMails)
	case out.ShopAnswers < leastAnswers:
		out.Gate = fmt.Sprintf("%.0f mails of the shop were answered of late, of the %d that the hours need", out.ShopAnswers, leastAnswers)
	case hours < leastHours:
		out.Gate = fmt.Sprintf("mails went out at %d hours of the day only: nothing is known of the others", hours)
	}
	if out.Gate == "" && all.Spread() == 0 {
		out.Gate = "answers do not differ between the hours by more than chance: any hour is as good"
	}
	if out.Gate != "" {
		return out
	}
	group := m.clock(shop, 1+uint64(segment), dayAt(now))
	c := Choose(&own, group.Shrink(all.Shop()), nil, m.people.ContactHash(contact), sent)
	out.Hour, out.Rate, out.Even, out.Explored = c.Hour, c.Rate, c.Even, c.Explored
	return out
}

// Bytes returns the memory held.
func (m *Mails) Bytes() uint64 { return m.places.Bytes() + m.rings.Bytes() + m.sums.Bytes() }

// Freeze returns the state of this moment for a snapshot.
func (m *Mails) Freeze() *slab.Parts {
	return slab.Join(m.places.Freeze(), m.rings.Freeze(), m.sums.Freeze())
}

// ReadFrom replaces the state by what Freeze wrote.
func (m *Mails) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, &m.places, &m.rings, &m.sums)
	if err != nil {
		return n, err
	}
	m.rings.Grow(ringWords)
	for c := range m.places.Len() {
		if at := m.places.Load(c); at > 0 && (at+ringWords > m.rings.Len() || m.rings.Load(at) == 0) {
			return n, fmt.Errorf("cannot read mails: contact %d is damaged", c)
		}
	}
	return n, nil
}
