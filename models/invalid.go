package models

// Invalid is why a record was refused. Its fields are the dead letter's reason and the HTTP error's parts.
type Invalid struct {
	Field  string // "items[3].price"; empty where the record as a whole is meant
	Code   string // one of the codes below
	Reason string // a sentence for people, the field's name in it
}

// Error returns the reason.
func (v *Invalid) Error() string { return v.Reason }

// The codes of Invalid.
const (
	NotJSON         = "not_json"         // not one JSON value: broken, cut off, empty, or with something behind it
	TooDeep         = "too_deep"         // nested deeper than MaxDepth
	BadUTF8         = "bad_utf8"         // a string that is not UTF-8
	WrongType       = "wrong_type"       // a string where a number is expected, an array where an object is, and so on
	Missing         = "missing"          // a field that this event needs
	OutOfRange      = "out_of_range"     // a number outside its bounds
	BadNumber       = "bad_number"       // a string that should hold a number and does not, or a fraction where none may be
	BadTime         = "bad_time"         // not RFC 3339
	BadCharacter    = "bad_character"    // a control character in an id
	TooLong         = "too_long"         // a text past its bound
	TooMany         = "too_many"         // more items than MaxItems, or than one in a catalogue event
	TooLarge        = "too_large"        // a record past MaxRecord
	NotAllowed      = "not_allowed"      // an event that only the shop may say, by the key that stands in its pages
	Ceiling         = "ceiling"          // a name that nobody knows, while there is no memory for more
	NoRoom          = "no_room"          // one more shop than there may be
	NotLearned      = "not_learned"      // a record of the topic Learned that this version cannot read
	OtherLog        = "other_log"        // an erasure whose name was made with the key of another log
	UnknownCurrency = "unknown_currency" // not an ISO 4217 code
	BadSetting      = "bad_setting"      // a record of the topic Settings that this version cannot use
)
