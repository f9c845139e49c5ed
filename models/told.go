package models

// Told is what an identify tells of its contact.
type Told uint8

const (
	ToldNew    Told = iota // nobody has named the contact before
	ToldMore               // something that is not known of it
	ToldKnown              // nothing
	ToldErased             // of somebody who was erased and does not come back by it
)
