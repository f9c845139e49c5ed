package contacts

import (
	"bytes"
	"slices"
	"strings"

	"orrery/models"
	"orrery/stream/files"
)

// flattened are the members whose members are attributes.
var flattened = []string{"attributes", "props", "properties", "traits", "custom_fields", "merge_fields"}

// members takes what the members of a JSON object say that the map does not name. Their names are told as those of columns are, and their
// values keep their type.
func (in *reader) members(p *person, raw []byte) {
	object := bytes.TrimSpace(raw)
	if len(object) < 2 || object[0] != '{' {
		return
	}
	object = object[1 : len(object)-1]
	own := string(models.Member(object, "event")) == `"identify"` // an event of our own words
	contact := ""
	if !slices.ContainsFunc(in.m.roles, func(c Column) bool { return c.As == asContact }) {
		var all []string
		models.Members(object, func(name []byte, _ models.Value) bool { all = append(all, string(name)); return true })
		if at := addressOf(all); at >= 0 {
			contact = all[at]
		}
	}
	models.Members(object, func(n []byte, v models.Value) bool {
		name := string(n)
		switch {
		case own && (name == "event" || name == "id" || name == "time" || name == "shop"):
		case slices.ContainsFunc(in.m.roles, func(c Column) bool { return c.Name == name }), slices.Contains(in.m.cfg.Drop, name):
		case name == contact:
			in.value(p, asContact, name, v)
		case len(v) > 1 && v[0] == '{' && name == "consent":
			models.Members(v[1:len(v)-1], func(channel []byte, v models.Value) bool {
				if slices.Contains(channels, string(channel)) {
					in.value(p, asConsent+string(channel), name, v)
				}
				return true
			})
		case len(v) > 1 && v[0] == '{' && slices.Contains(flattened, name):
			models.Members(v[1:len(v)-1], func(inner []byte, v models.Value) bool {
				in.member(p, string(inner), v)
				return true
			})
		default:
			in.member(p, name, v)
		}
		return true
	})
}

// member takes one member by its name.
func (in *reader) member(p *person, name string, v models.Value) {
	as := roleOf(name)
	if special := as == asTags || as == asLess || strings.HasPrefix(as, asConsent); special {
		in.value(p, as, name, v)
		return
	}
	if !in.m.cfg.Only {
		in.value(p, name, name, v)
	}
}

// value takes a value as what it is.
func (in *reader) value(p *person, as, name string, v models.Value) {
	text, _, isText := v.Text(nil)
	if string(v) == "null" || v[0] == '"' && files.Blank(bytes.TrimSpace(text)) {
		return
	}
	in.took(name, as)
	switch {
	case as == asTags || as == asLess:
		if v[0] == '[' {
			text = v
		}
		_ = in.cell(p, as, text) // tags have no error
	case strings.HasPrefix(as, asConsent):
		if !isText {
			text = v // true and false
		}
		_ = in.cell(p, as, text) // neither has a consent
	case as == asContact:
		_ = in.cell(p, as, text)
	case as == models.ReturnMember:
		_ = in.cell(p, as, v)
	default:
		p.say(said{name: as, value: string(v)})
	}
}

// took notes that a member was taken as something.
func (in *reader) took(name, as string) {
	if len(in.columns)-len(in.m.roles) < maxMembers && !slices.Contains(in.columns, Column{name, as}) {
		in.columns = append(in.columns, Column{name, as})
	}
}

// maxMembers is how many members a summary names.
const maxMembers = 100
