package contacts

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// person is what a row says of a contact.
type person struct {
	id    []byte // in its one form
	at    models.Time
	line  int64
	tags  []string
	less  []string // tags that are taken away
	said  []said   // by name
	noted []string
}

// said is an attribute; its value is JSON.
type said struct {
	name    string
	value   string
	consent bool
}

// say adds an attribute. Of two words about a consent no wins, else the later one.
func (p *person) say(s said) {
	at, there := slices.BinarySearchFunc(p.said, s.name, func(a said, name string) int { return cmp.Compare(a.name, name) })
	switch {
	case !there:
		p.said = slices.Insert(p.said, at, s)
	case s.consent && p.said[at].value == jsonDenied:
	default:
		p.said[at] = s
	}
}

// join adds what a later row of the contact says.
func (p *person) join(later *person) {
	for _, s := range later.said {
		p.say(s)
	}
	p.tags = append(p.tags, later.tags...)
	p.less = append(p.less, later.less...)
}

// append appends the event that tells the engine. Its id is that of what it says and when: sent again by the same run, it is the same.
func (p *person) append(dst []byte, now models.Time) []byte {
	at := p.at
	if at == 0 {
		at = now
	}
	dst = models.AppendString(append(dst, `{"event":"identify","contact":`...), p.id)
	dst = strconv.AppendInt(append(dst, `,"time":`...), int64(at), 10)
	from := len(dst)
	sep := `,"props":{`
	member := func(name string) {
		dst = append(models.AppendString(append(dst, sep...), name), ':')
		sep = ","
	}
	for _, s := range p.said {
		member(s.name)
		dst = append(dst, s.value...)
	}
	for _, list := range []struct {
		name string
		tags []string
	}{{"tags", p.tags}, {"remove_tags", p.less}} {
		if len(list.tags) == 0 {
			continue
		}
		slices.Sort(list.tags)
		member(list.name)
		for i, tag := range slices.Compact(list.tags) {
			dst = models.AppendString(append(dst, "[,"[min(i, 1)]), tag)
		}
		dst = append(dst, ']')
	}
	if len(dst) > from {
		dst = append(dst, '}')
	}
	h := xxhash.Sum64(dst[from:])
	h = xxhash.Sum64(strconv.AppendUint(append(strconv.AppendInt(nil, int64(at), 36), p.id...), h, 36))
	dst = strconv.AppendUint(append(dst, `,"id":"import-`...), h, 36)
	return append(dst, `"}`...)
}

const (
	granted = "granted"
	denied  = "denied"
	pending = "pending"

	jsonDenied = `"` + denied + `"`
)

// consents are the words that files have for yes and no to mail and the like, in lower case.
var consents = map[string]string{
	"granted": granted, "grant": granted, "yes": granted, "y": granted, "true": granted, "t": granted, "1": granted, "on": granted, "x": granted,
	"subscribed": granted, "subscriber": granted, "opt-in": granted, "opt_in": granted, "optin": granted, "opted_in": granted, "opted in": granted,
	"accepted": granted, "active": granted, "confirmed": granted, "single_opt_in": granted, "double_opt_in": granted,
	"ja": granted, "oui": granted, "tak": granted, "si": granted, "sí": granted, "sim": granted, "ano": granted, "áno": granted, "da": granted, "wahr": granted, "prawda": granted, "vrai": granted,
	"denied": denied, "deny": denied, "no": denied, "n": denied, "false": denied, "f": denied, "0": denied, "off": denied,
	"unsubscribed": denied, "never_subscribed": denied, "not_subscribed": denied, "not subscribed": denied, "opt-out": denied, "opt_out": denied, "optout": denied, "opted_out": denied, "opted out": denied,
	"revoked": denied, "withdrawn": denied, "suppressed": denied, "cleaned": denied, "bounced": denied, "complained": denied, "inactive": denied,
	"nein": denied, "non": denied, "nie": denied, "não": denied, "nao": denied, "ne": denied, "nu": denied, "falsch": denied, "fałsz": denied, "faux": denied,
	"pending": pending, "unconfirmed": pending, "invited": pending,
}
