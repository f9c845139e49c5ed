package models

import "bytes"

// ActsForAnother tells whether an event names a contact that somebody else acts for, a shop's clerk most of the time:
// "acting_as":true. It links nothing.
func (e *Event) ActsForAnother() bool { return e.says(`"acting_as"`) }

// DeclaresBot tells whether an event says of itself that a crawler made it: "bot":true in props. A page that names a contact
// and no browser does not make a crawler of the contact.
func (e *Event) DeclaresBot() bool {
	return (e.Confirmed() || len(e.Visitor) > 0) && e.says(`"bot"`)
}

// says tells whether a prop, in quotes, is true. Nearly no event has one of these.
func (e *Event) says(quoted string) bool {
	if len(e.Props) == 0 || !bytes.Contains(e.Props, []byte(quoted)) {
		return false
	}
	yes, _ := Member(e.Props, quoted[1:len(quoted)-1]).Bool()
	return yes
}
