package contacts

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"orrery/models"
	"orrery/stream/files"
)

// MapHelp says what the entries of a map can be, one a line.
const MapHelp = `contact=E-Mail: the column that says who it is; a mail address, or the shop's own number of the customer
city=Ort: an attribute, named city
tags=Gruppen: tags, with commas, semicolons or bars between them; remove_tags takes some away
consent.email=Newsletter: whether the contact wants mail; channels are email, sms, push, phone, post, whatsapp, partner
consent.email.Abonniert=granted: what a word of that column means: granted, denied or pending
time=geändert am: when that was said; what is known of a later moment stays
source==import-2026: a constant
Columns that no entry names are attributes by their own name (--drop leaves one out, --only all of them)`

// mapping is a parsed map.
type mapping struct {
	cfg   *Config
	roles []Column                     // that the map names; Name is the column
	fixed []Column                     // constants; Name is the text
	words map[string]map[string]string // by channel: what words mean
}

func parseMap(cfg *Config) (*mapping, error) {
	m := &mapping{cfg: cfg, words: map[string]map[string]string{}}
	var errs []error
	for _, entry := range cfg.Map {
		if err := m.entry(entry); err != nil {
			errs = append(errs, fmt.Errorf("cannot read map entry %q: %w", entry, err))
		}
	}
	return m, errors.Join(errs...)
}

func (m *mapping) entry(entry string) error {
	as, column, ok := strings.Cut(entry, "=")
	if !ok || as == "" || column == "" {
		return errors.New("it is NAME=COLUMN, NAME==TEXT, or consent.CHANNEL.WORD=granted")
	}
	channel, isConsent := strings.CutPrefix(as, asConsent)
	if isConsent {
		name, word, translates := strings.Cut(channel, ".")
		if !slices.Contains(channels, name) {
			return fmt.Errorf("there is no channel %q: there are %s", name, strings.Join(channels, ", "))
		}
		if translates {
			means, known := consents[strings.ToLower(column)]
			if !known {
				return fmt.Errorf("%q is none of %s, %s, %s", column, granted, denied, pending)
			}
			if m.words[name] == nil {
				m.words[name] = map[string]string{}
			}
			m.words[name][strings.ToLower(word)] = means
			return nil
		}
	}
	if slices.ContainsFunc(m.roles, func(c Column) bool { return c.As == as }) {
		return fmt.Errorf("%s is mapped twice", as)
	}
	text, constant := strings.CutPrefix(column, "=")
	switch {
	case !constant:
		m.roles = append(m.roles, Column{Name: column, As: as})
	case as == asContact || as == asTime:
		return fmt.Errorf("%s is a column", as)
	default:
		m.fixed = append(m.fixed, Column{Name: text, As: as})
	}
	return nil
}

// reader reads the contacts of one file.
type reader struct {
	m       *mapping
	table   *files.Table
	columns []Column // as bound
	whole   bool     // JSON of which every member is taken
}

// open binds the columns of a file.
func (m *mapping) open(t *files.Table) (*reader, error) {
	in := &reader{m: m, table: t, columns: slices.Clone(m.roles)}
	in.whole = t.JSON
	if t.JSON {
		return in, t.Bind(names(in.columns), nil, nil)
	}
	taken := names(in.columns)
	contact := slices.ContainsFunc(in.columns, func(c Column) bool { return c.As == asContact })
	at := -1
	if !contact {
		if at = addressOf(t.Columns); at < 0 {
			return nil, fmt.Errorf("no column is known to have the mail address: say which (--map contact=COLUMN): there are %s", strings.Join(t.Columns, ", "))
		}
	}
	seen := map[string]bool{}
	for _, c := range in.columns {
		seen[c.As] = true
	}
	for i, column := range t.Columns {
		if slices.Contains(taken, column) || slices.Contains(m.cfg.Drop, column) || column == "" {
			continue
		}
		as := roleOf(column)
		if i == at {
			as = asContact
		} else if as == asContact {
			as = "contact_2"
		}
		if as == asNothing || seen[as] || m.cfg.Only && i != at && as == plain(column) {
			continue
		}
		taken, seen[as] = append(taken, column), true
		in.columns = append(in.columns, Column{Name: column, As: as})
	}
	return in, t.Bind(names(in.columns), nil, timesOf(in.columns))
}

func names(columns []Column) (list []string) {
	for _, c := range columns {
		list = append(list, c.Name)
	}
	return list
}

func timesOf(columns []Column) (list []string) {
	for _, c := range columns {
		if c.As == asTime {
			list = append(list, c.Name)
		}
	}
	return list
}

// next returns the contact of the next row.
func (in *reader) next() (*person, error) {
	row, err := in.table.Next()
	if err != nil {
		return nil, err
	}
	p := &person{line: row.Line}
	if in.whole {
		in.members(p, row.Raw)
	}
	for i, c := range in.columns[:len(row.Cells)] { // of JSON, what the map names
		if err := in.cell(p, c.As, row.Cells[i]); err != nil {
			return nil, &rowFault{row.Line, err.Error()}
		}
	}
	for _, c := range in.m.fixed {
		if err := in.cell(p, c.As, []byte(c.Name)); err != nil {
			return nil, &rowFault{row.Line, err.Error()}
		}
	}
	switch {
	case len(p.id) == 0:
		return nil, &rowFault{row.Line, "contact is missing"}
	case models.IsUnset(p.id):
		return nil, &rowFault{row.Line, fmt.Sprintf("contact %q is a word for nobody", p.id)}
	case len(p.id) > models.MaxID:
		return nil, &rowFault{row.Line, fmt.Sprintf("contact has more than %d bytes", models.MaxID)}
	}
	return p, nil
}

// cell takes what a cell says. What is empty says nothing.
func (in *reader) cell(p *person, as string, cell []byte) error {
	if files.Blank(cell) {
		return nil
	}
	switch channel, consent := strings.CutPrefix(as, asConsent); {
	case consent:
		in.consent(p, channel, string(cell))
	case as == asContact:
		p.id = bytes.Clone(models.CanonicalContact(cell))
	case as == asTime:
		at, err := in.table.Time(cell)
		if err != nil {
			return err
		}
		if at > models.TimeOf(in.m.cfg.Now())+models.MaxAhead {
			return fmt.Errorf("time %q is ahead of now", cell)
		}
		p.at = at
	case as == asTags:
		p.tags = append(p.tags, tagsOf(cell)...)
	case as == asLess:
		p.less = append(p.less, tagsOf(cell)...)
	case as == models.ReturnMember:
		p.noted = append(p.noted, as+" is said by the shop's server, not by a file: left out")
	default:
		p.say(said{name: as, value: string(models.AppendString(nil, cell))})
	}
	return nil
}

func (in *reader) consent(p *person, channel, word string) {
	word = strings.ToLower(strings.TrimSpace(word))
	means, known := in.m.words[channel][word]
	if !known {
		means, known = consents[word]
	}
	if !known {
		p.noted = append(p.noted, fmt.Sprintf("consent.%s %.20q is neither yes nor no: left out", channel, word))
		return
	}
	p.say(said{name: channel + "_consent", value: `"` + means + `"`, consent: true})
}

// tagsOf takes tags apart: an array of JSON, or a text with semicolons, bars or commas between them, the rarer first.
func tagsOf(cell []byte) (list []string) {
	if cell[0] == '[' {
		models.Elements(cell, func(v models.Value) bool {
			if tag, _, ok := v.Text(nil); ok && len(bytes.TrimSpace(tag)) > 0 {
				list = append(list, string(bytes.TrimSpace(tag)))
			}
			return true
		})
		return list
	}
	sep := ","
	for _, s := range []string{";", "|"} {
		if bytes.Contains(cell, []byte(s)) {
			sep = s
			break
		}
	}
	for _, tag := range strings.Split(string(cell), sep) {
		if tag = strings.TrimSpace(tag); tag != "" {
			list = append(list, tag)
		}
	}
	return list
}
